#include <unistd.h>

#include <random>

#include "resume/lasting_stream.hpp"
#include "resume_pair.hpp"

namespace edge::resume::test {
namespace {

Task<> write_all(std::shared_ptr<LastingStream> stream, std::string text, unsigned seed) {
  std::mt19937 random(seed);
  std::string_view left(text);
  while (!left.empty()) {
    const auto size = std::min<std::size_t>(left.size(), random() % 2 ? random() % 50 + 1 : 60'000);
    const auto error = co_await stream->write(net::asio::buffer(left.substr(0, size)));
    REQUIRE(!error);
    left.remove_prefix(size);
  }
  co_await stream->shutdown_write();
}

Task<> read_all(std::shared_ptr<LastingStream> stream, Whole& whole, bool& done) {
  whole = co_await read_to_end(*stream);
  done = true;
}

Task<> many_cuts(unsigned seed) {
  const auto executor = co_await net::asio::this_coro::executor;
  Pair pair(executor);
  pair.connect();
  const auto down = pattern(9'000'000, seed), up = pattern(7'000'000, seed + 1);
  Whole got_down, got_up;
  bool down_done = false, up_done = false;
  net::TaskGroup work(executor);
  work.spawn("down", write_all(pair.near, down, seed));
  work.spawn("up", write_all(pair.far, up, seed + 1));
  work.spawn("read down", read_all(pair.far, got_down, down_done));
  work.spawn("read up", read_all(pair.near, got_up, up_done));
  std::mt19937 random(seed);
  int cuts = 0;
  while (!down_done || !up_done) {
    for (auto turns = random() % 60; turns > 0; --turns) co_await net::sleep(milliseconds{0});
    co_await pair.reconnect();
    ++cuts;
  }
  co_await work.join();
  CHECK((got_down.bytes == down));
  CHECK((got_up.bytes == up));
  CHECK(cuts > 3);
  co_await pair.far->drained();
  co_await pair.end();
  CHECK(pair.near->reason().empty());
  CHECK(pair.far->reason().empty());
}

TEST_CASE("no byte is lost and none comes twice, wherever the carriers are cut") {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    drive(many_cuts(seed));
  }
}

Task<> half_close() {
  const auto executor = co_await net::asio::this_coro::executor;
  Pair pair(executor);
  pair.connect();
  co_await write_text(*pair.near, "question");
  co_await pair.near->shutdown_write();
  const auto asked = co_await read_to_end(*pair.far);
  CHECK(asked.bytes == "question");
  co_await pair.reconnect();
  co_await write_text(*pair.far, "answer");
  co_await pair.far->shutdown_write();
  const auto answered = co_await read_to_end(*pair.near);
  CHECK(answered.bytes == "answer");
  CHECK(answered.error == net::asio::error::eof);
  co_await pair.far->drained();
  co_await pair.end();
}

TEST_CASE("each direction of a lasting stream ends on its own") {
  drive(half_close());
}

Task<> end_in_a_cut() {
  const auto executor = co_await net::asio::this_coro::executor;
  Pair pair(executor);
  pair.connect();
  pair.near_carrier->close();
  co_await write_text(*pair.far, "the last words");
  co_await pair.far->shutdown_write();
  co_await pair.reconnect();
  const auto heard = co_await read_to_end(*pair.near);
  CHECK(heard.bytes == "the last words");
  co_await pair.far->drained();
  co_await pair.end();
}

TEST_CASE("what a side said last arrives although the cut came first") {
  drive(end_in_a_cut());
}

Task<> an_acknowledgement_that_is_lost() {
  const auto executor = co_await net::asio::this_coro::executor;
  Pair pair(executor);
  pair.connect();
  const std::string window(kWindow, 'x');
  co_await write_text(*pair.near, window);
  while (pair.far->received() < kWindow) co_await net::sleep(milliseconds{1});
  // The far end does not know it yet: what it writes goes nowhere.
  auto& socket = static_cast<net::SocketStream&>(*pair.near_carrier).socket();
  const int held = ::dup(socket.native_handle());
  pair.near_carrier->close();
  std::string all(kWindow, '\0');  // in one go: there is one acknowledgement, and it is lost
  const auto read = co_await pair.far->read_some(net::asio::buffer(all));
  CHECK(read.size == kWindow);
  co_await net::sleep(kSoon);
  CHECK(pair.far->is_carried());
  co_await pair.reconnect();
  co_await write_text(*pair.near, "room again");
  const auto heard = co_await read_exactly(*pair.far, 10);
  CHECK(heard == "room again");
  ::close(held);
  co_await pair.end();
}

TEST_CASE("an acknowledgement that was lost with its carrier is said again") {
  drive(an_acknowledgement_that_is_lost());
}

Task<> nobody_reads() {
  const auto executor = co_await net::asio::this_coro::executor;
  Pair pair(executor);
  pair.connect();
  std::size_t written = 0;
  net::TaskGroup work(executor);
  auto write_for_ever = [](std::shared_ptr<LastingStream> stream, std::size_t& size) -> Task<> {
    const std::string chunk(10'000, 'x');
    for (;;) {
      const auto error = co_await stream->write(net::asio::buffer(chunk));
      if (error) co_return;
      size += chunk.size();
    }
  };
  work.spawn("write", write_for_ever(pair.near, written));
  std::size_t before = 0;
  do {  // until it is at rest
    before = written;
    co_await net::sleep(milliseconds{100});
  } while (written != before);
  CHECK(written <= kWindow);
  CHECK(written > kWindow / 2);
  // The other direction goes on.
  co_await write_text(*pair.far, "still here");
  const auto heard = co_await read_exactly(*pair.near, 10);
  CHECK(heard == "still here");
  co_await pair.end();
  co_await work.join();
}

TEST_CASE("a reader that does not read stops the writer at the window, and nothing else") {
  drive(nobody_reads());
}

Task<> goodbye() {
  const auto executor = co_await net::asio::this_coro::executor;
  Pair pair(executor);
  pair.connect();
  co_await write_text(*pair.near, "before");
  co_await pair.near->say_bye("killed by alice");
  const auto heard = co_await read_to_end(*pair.far);
  CHECK(heard.bytes == "before");
  CHECK(pair.far->is_over());
  CHECK(pair.far->reason() == "killed by alice");
  co_await pair.end();
}

TEST_CASE("a goodbye ends the other side at once, with its words") {
  drive(goodbye());
}

Task<> giving_up() {
  const auto executor = co_await net::asio::this_coro::executor;
  Pair pair(executor);
  pair.connect();
  pair.near_carrier->close();
  net::TaskGroup work(executor);
  Whole whole;
  bool done = false;
  work.spawn("read", read_all(pair.far, whole, done));
  co_await net::sleep(kSoon);
  CHECK_FALSE(done);  // it waits for the next carrier
  pair.far->give_up("nobody came back within 10m");
  co_await work.join();
  CHECK(whole.error == net::asio::error::connection_reset);
  co_await pair.end();
}

TEST_CASE("who waits for the next carrier gets an error when nobody waits for it any longer") {
  drive(giving_up());
}

// The other end's frames, by hand.
Task<> a_lie(std::string frames, std::string expected) {
  const auto executor = co_await net::asio::this_coro::executor;
  auto stream = std::make_shared<LastingStream>(executor);
  auto ends = connected(executor);
  net::TaskGroup work(executor);
  work.spawn("carry", stream->carry(std::move(ends.near), std::nullopt));
  co_await write_text(*stream, "four");
  co_await read_exactly(*ends.far, kFrameHead + 4);
  co_await write_text(*ends.far, frames);
  co_await stream->closed();
  CHECK(stream->reason() == expected);
  co_await stream->say_bye();
  co_await work.join();
}

TEST_CASE("an end that lies about counts or floods ends the stream, with what it did") {
  const auto ack = [](std::uint64_t count) {
    return print_frame(FrameKind::ack, print_count(count));
  };
  std::string flood;
  for (std::size_t size = 0; size <= kWindow; size += kMostFrameBytes)
    flood += print_frame(FrameKind::bytes, std::string(kMostFrameBytes, 'x'));
  const char* const never_sent = "the other end says that it has what was never sent";
  drive(a_lie(ack(5), never_sent));
  drive(a_lie(ack(~std::uint64_t{0}), never_sent));
  drive(a_lie(ack(4) + ack(3), never_sent));
  drive(a_lie(flood, "the other end has sent more than it may"));
  drive(a_lie(print_frame(FrameKind::end, "") + print_frame(FrameKind::bytes, "x"),
              "the other end has sent more than it may"));
  drive(a_lie("SSH-2.0-x\r\n", "the other end does not keep to the protocol"));
  drive(a_lie(print_frame(FrameKind::hello, std::string(kHelloBytes, 'x')),
              "the other end does not keep to the protocol"));
}

}  // namespace
}  // namespace edge::resume::test
