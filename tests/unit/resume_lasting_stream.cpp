#include <unistd.h>

#include <random>

#include "net_drive.hpp"
#include "resume/handshake.hpp"
#include "resume/lasting_stream.hpp"
#include "ssh/key.hpp"

namespace edge::resume::test {
namespace {

using namespace net::test;
using net::Task;

Keys keys_of(const ssh::Key& own, const ssh::Key& other) {
  return {"3a6d603a1ddcabcb", own.seed(), other.public_bytes()};
}

// Both ends of one lasting stream, and the carriers between them.
struct Pair {
  explicit Pair(const net::asio::any_io_executor& the_executor)
      : executor(the_executor),
        tasks(the_executor),
        near(std::make_shared<LastingStream>(the_executor)),
        far(std::make_shared<LastingStream>(the_executor)) {
    auto session = ssh::Key::generate(), host = ssh::Key::generate();
    REQUIRE(session.has_value());
    REQUIRE(host.has_value());
    near_keys = keys_of(*session, *host);
    far_keys = keys_of(*host, *session);
  }

  void connect() {
    auto ends = connected(executor);
    near_carrier = std::shared_ptr<net::Stream>(std::move(ends.near));
    far_carrier = std::shared_ptr<net::Stream>(std::move(ends.far));
    tasks.spawn("near", near->carry(near_carrier, std::nullopt));
    tasks.spawn("far", far->carry(far_carrier, std::nullopt));
  }
  // The far end may still hold the old carrier for alive, as a node behind a silent network does.
  Task<> reconnect() {
    near_carrier->close();
    auto ends = connected(executor);
    Result<Resumed> by_node = fail(Errc::failure, "");
    net::TaskGroup node(executor);
    node.spawn("node", resume_far(std::move(ends.far), by_node));
    auto by_operator = co_await resume_as_operator(std::move(ends.near), *near, near_keys, kLong);
    co_await node.join();
    REQUIRE(by_operator.has_value());
    REQUIRE(by_node.has_value());
    near_carrier = by_operator->carrier;
    far_carrier = by_node->carrier;
    tasks.spawn("near", near->carry(by_operator->carrier, by_operator->counts));
    tasks.spawn("far", far->carry(by_node->carrier, by_node->counts));
  }
  Task<> resume_far(std::unique_ptr<net::Stream> carrier, Result<Resumed>& resumed) {
    resumed = co_await resume_as_node(std::move(carrier), *far, far_keys, kLong);
  }
  Task<> end() {
    co_await near->say_bye();
    co_await far->say_bye();
    co_await tasks.join();
  }

  net::asio::any_io_executor executor;
  net::TaskGroup tasks;
  std::shared_ptr<LastingStream> near, far;
  std::shared_ptr<net::Stream> near_carrier, far_carrier;
  Keys near_keys, far_keys;
};

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

struct Attempt {
  Errc by_operator = Errc::failure, by_node = Errc::failure;
  std::string words;
};

// A resumption between ends that may not be those of the stream.
Task<> attempt(Pair& pair, LastingStream& near, Keys near_keys, LastingStream& far, Keys far_keys,
               Attempt& seen) {
  auto ends = connected(pair.executor);
  Result<Resumed> by_node = fail(Errc::failure, "");
  auto node = [](std::unique_ptr<net::Stream> carrier, LastingStream& stream, Keys keys,
                 Result<Resumed>& resumed) -> Task<> {
    resumed = co_await resume_as_node(std::move(carrier), stream, keys, kLong);
  };
  net::TaskGroup work(pair.executor);
  work.spawn("node", node(std::move(ends.far), far, std::move(far_keys), by_node));
  auto by_operator = co_await resume_as_operator(std::move(ends.near), near, near_keys, kLong);
  if (by_operator) {  // it has said all it had to say: the refusal comes on the stream
    FrameReader frames;
    std::string bytes(1024, '\0');
    auto [error, size] = co_await by_operator->carrier->read_some(net::asio::buffer(bytes));
    std::string_view input(bytes.data(), size);
    if (const auto frame = frames.next(input)) seen.words = frame->payload;
  } else {
    seen.by_operator = by_operator.error().code;
    seen.words = by_operator.error().message;
  }
  co_await work.join();
  if (!by_node) seen.by_node = by_node.error().code;
}

Task<> another_session() {
  const auto executor = co_await net::asio::this_coro::executor;
  Pair pair(executor), stranger(executor);
  pair.connect();
  co_await write_text(*pair.near, "mine");
  Attempt seen;
  auto stolen = stranger.near_keys;  // knows the stream and the node, but not the session's key
  stolen.other_side = pair.near_keys.other_side;
  co_await attempt(pair, *stranger.near, stolen, *pair.far, pair.far_keys, seen);
  CHECK(seen.by_node == Errc::not_allowed);
  CHECK(seen.words == "not signed by the key of this session");
  // Whose it is has not noticed.
  const auto heard = co_await read_exactly(*pair.far, 4);
  CHECK(heard == "mine");
  CHECK(pair.far->is_carried());
  co_await pair.end();
  co_await stranger.end();
}

TEST_CASE("who does not have the session's key cannot take it over, and disturbs nobody") {
  drive(another_session());
}

Task<> another_node() {
  const auto executor = co_await net::asio::this_coro::executor;
  Pair pair(executor), stranger(executor);
  pair.connect();
  pair.near_carrier->close();
  Attempt seen;
  co_await attempt(pair, *pair.near, pair.near_keys, *stranger.far, stranger.far_keys, seen);
  CHECK(seen.by_operator == Errc::not_allowed);
  CHECK(seen.words == "what answers is not the node of this session");
  co_await pair.end();
  co_await stranger.end();
}

TEST_CASE("a session goes on with no node but its own") {
  drive(another_node());
}

Task<> old_counts() {
  const auto executor = co_await net::asio::this_coro::executor;
  Pair pair(executor);
  pair.connect();
  const std::string text(kWindow / 4, 'x');
  co_await write_text(*pair.far, text);
  co_await read_exactly(*pair.near, text.size());
  co_await write_text(*pair.far, "more");  // so that the acknowledgement has been heard
  co_await read_exactly(*pair.near, 4);
  auto forgetful =
      std::make_shared<LastingStream>(executor);  // the right key, and nothing received
  Attempt seen;
  co_await net::sleep(kSoon);
  co_await attempt(pair, *forgetful, pair.near_keys, *pair.far, pair.far_keys, seen);
  CHECK(seen.by_node == Errc::conflict);
  CHECK(seen.words == "what the other end lacks is not kept, or was never sent");
  auto liar = std::make_shared<LastingStream>(executor);  // a node that says what it cannot have
  Pair other(executor);
  other.connect();
  co_await write_text(*other.near, "bytes");
  co_await read_exactly(*other.far, 5);
  Attempt lied;
  co_await attempt(pair, *forgetful, pair.near_keys, *other.far, pair.far_keys, lied);
  CHECK(lied.by_operator == Errc::conflict);
  co_await pair.end();
  co_await other.end();
}

TEST_CASE("counts that are old, or of bytes that were never sent, are refused by either end") {
  drive(old_counts());
}

}  // namespace
}  // namespace edge::resume::test
