#include "net/deadline.hpp"
#include "net/stream.hpp"
#include "net_drive.hpp"

namespace edge::net::test {
namespace {

struct Relay {
  Ends left, right;  // near ends are joined by copy()
  std::uint64_t there = 0, back = 0;
  explicit Relay(const asio::any_io_executor& executor)
      : left(connected(executor)), right(connected(executor)) {}
  void start(TaskGroup& group) {
    group.spawn("there", copy(*left.near, *right.near, there, {}));
    group.spawn("back", copy(*right.near, *left.near, back, {}));
  }
};

Task<> send_and_end(Stream& stream, std::string bytes) {
  const auto error = co_await write_text(stream, std::move(bytes));
  CHECK_FALSE(error);
  co_await stream.shutdown_write();
}

Task<> collect(Stream& stream, std::string& bytes) {
  auto whole = co_await read_to_end(stream);
  CHECK(whole.error == asio::error::eof);
  bytes = std::move(whole.bytes);
}

Task<> both_ways(std::size_t size) {
  const auto executor = co_await asio::this_coro::executor;
  Relay relay(executor);
  TaskGroup group(executor);
  relay.start(group);
  std::string got_right, got_left;
  group.spawn("send left", send_and_end(*relay.left.far, pattern(size, 1)));
  group.spawn("send right", send_and_end(*relay.right.far, pattern(size, 2)));
  group.spawn("read right", collect(*relay.right.far, got_right));
  group.spawn("read left", collect(*relay.left.far, got_left));
  co_await group.join();
  CHECK((got_right == pattern(size, 1)));
  CHECK((got_left == pattern(size, 2)));
  CHECK(relay.there == size);
  CHECK(relay.back == size);
}

Task<> answer_after_the_end() {
  const auto executor = co_await asio::this_coro::executor;
  Relay relay(executor);
  TaskGroup group(executor);
  relay.start(group);
  co_await send_and_end(*relay.left.far, "question");
  std::string question;
  co_await collect(*relay.right.far, question);
  CHECK(question == "question");
  co_await send_and_end(*relay.right.far, "answer");
  std::string answer;
  co_await collect(*relay.left.far, answer);
  CHECK(answer == "answer");
  co_await group.join();
}

Task<> reader_goes_away() {
  const auto executor = co_await asio::this_coro::executor;
  Relay relay(executor);
  TaskGroup group(executor);
  group.spawn("there", copy(*relay.left.near, *relay.right.near, relay.there, {}));
  relay.right.far->close();
  auto error = co_await write_text(*relay.left.far, pattern(1 << 20));
  if (!error) error = co_await write_text(*relay.left.far, "more");
  CHECK(error);  // the sender learns, it does not hang
  co_await group.join();
}

Task<> keep_writing(Stream& stream, std::size_t& written) {
  const std::string piece = pattern(16 * 1024);
  for (;;) {
    const auto error = co_await stream.write(asio::buffer(piece));
    if (error) co_return;
    written += piece.size();
  }
}

Task<> slow_reader(std::size_t& written) {
  const auto executor = co_await asio::this_coro::executor;
  Relay relay(executor);
  TaskGroup group(executor);
  relay.start(group);
  group.spawn("writer", keep_writing(*relay.left.far, written));
  std::size_t before = 1;
  while (before != written) {
    before = written;
    co_await sleep(kSoon);
  }
  relay.right.far->close();
  relay.left.far->close();
  co_await group.join();
}

Task<> close_under_a_reader(error_code& error) {
  const auto executor = co_await asio::this_coro::executor;
  auto ends = connected(executor);
  Deadline deadline(executor, kSoon, [&ends] {
    ends.near->close();
    ends.near->close();
  });
  const auto whole = co_await read_to_end(*ends.near);
  error = whole.error;
}

Task<> wait_readable(int& called) {
  auto ends = connected(co_await asio::this_coro::executor);
  ends.near->when_readable([&called] { ++called; });
  co_await sleep(kSoon);
  CHECK(called == 0);
  co_await write_text(*ends.far, "x");
  co_await sleep(kSoon);
  CHECK(called == 1);
  co_await write_text(*ends.far, "y");
  co_await sleep(kSoon);
}

Task<> forget_it(int& called) {
  auto ends = connected(co_await asio::this_coro::executor);
  ends.near->when_readable([&called] { ++called; });
  co_await sleep(milliseconds{1});
  ends.near->forget_readable();
  co_await write_text(*ends.far, "x");
  co_await sleep(kSoon);
}

Task<> peer_leaves(int& called) {
  auto ends = connected(co_await asio::this_coro::executor);
  ends.near->when_readable([&called] { ++called; });
  ends.far->close();
  co_await sleep(kSoon);
}

}  // namespace

TEST_CASE("what is copied both ways comes out byte by byte the same") {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{3'000'001}}) {
    CAPTURE(size);
    drive(both_ways(size));
  }
}

TEST_CASE("the answer comes back after the question's direction has ended") {
  drive(answer_after_the_end());
}

TEST_CASE("a sender learns that the reader behind a copy has gone") {
  drive(reader_goes_away());
}

TEST_CASE("a reader that stops makes the writer behind a copy wait") {
  std::size_t written = 0;
  drive(slow_reader(written));
  CHECK(written > 0);
  CHECK(written < 4 * 1024 * 1024);
}

TEST_CASE("closing a stream ends who waits in it") {
  error_code error;
  drive(close_under_a_reader(error));
  CHECK(error == asio::error::operation_aborted);
}

TEST_CASE("a socket tells once that there is something to read") {
  int called = 0;
  drive(wait_readable(called));
  CHECK(called == 1);
}

TEST_CASE("a socket that was told to forget does not tell") {
  int called = 0;
  drive(forget_it(called));
  CHECK(called == 0);
}

TEST_CASE("a peer that goes away is something to read") {
  int called = 0;
  drive(peer_leaves(called));
  CHECK(called == 1);
}

}  // namespace edge::net::test
