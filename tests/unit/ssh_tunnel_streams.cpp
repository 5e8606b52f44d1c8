#include "ssh_ends.hpp"

namespace edge::ssh::test {
namespace {

Task<> both_ways(TunnelEnds& ends, std::size_t size) {
  co_await open_good_tunnel(ends);
  {
    StreamEnds stream;
    co_await open_stream(ends, stream);
    Whole at_server, at_agent;
    TaskGroup group(co_await net::asio::this_coro::executor);
    group.spawn("1", send(*stream.server, pattern(size, 1)));
    group.spawn("2", send(*stream.agent, pattern(size, 2)));
    group.spawn("3", collect(*stream.server, at_server));
    group.spawn("4", collect(*stream.agent, at_agent));
    co_await group.join();
    CHECK((at_agent.bytes == pattern(size, 1)));
    CHECK((at_server.bytes == pattern(size, 2)));
    CHECK(at_agent.error == net::asio::error::eof);
    CHECK(at_server.error == net::asio::error::eof);
  }
  let_go(ends);
}

Task<> question_and_answer(TunnelEnds& ends) {
  co_await open_good_tunnel(ends);
  {
    StreamEnds stream;
    co_await open_stream(ends, stream);
    co_await send(*stream.server, "question");
    const auto question = co_await read_to_end(*stream.agent);
    CHECK(question.bytes == "question");
    co_await send(*stream.agent, pattern(200'000));
    const auto answer = co_await read_to_end(*stream.server);
    CHECK((answer.bytes == pattern(200'000)));
  }
  let_go(ends);
}

// The last bytes, the EOF and the close come in one go.
Task<> send_and_close(TunnelEnds& ends) {
  co_await open_good_tunnel(ends);
  for (int round = 0; round < 20; ++round) {
    StreamEnds stream;
    co_await open_stream(ends, stream);
    co_await send(*stream.server, pattern(30'000));
    stream.server->close();
    co_await net::sleep(milliseconds{round % 3});
    const auto whole = co_await read_to_end(*stream.agent);
    CHECK((whole.bytes == pattern(30'000)));
    CHECK(whole.error == net::asio::error::eof);
  }
  let_go(ends);
}

Task<> echo(std::unique_ptr<net::Stream> stream) {
  auto whole = co_await read_to_end(*stream);
  co_await send(*stream, std::move(whole.bytes));
  co_await read_to_end(*stream);
}

Task<> ask_echo(TunnelEnds& ends, unsigned number, int& equal) {
  auto stream = co_await ends.server->open_stream(kLong);
  REQUIRE(stream);
  const auto bytes = pattern(50'000, number);
  co_await send(**stream, bytes);
  const auto whole = co_await read_to_end(**stream);
  if (whole.bytes == bytes) ++equal;
}

Task<> serve_arrived(TunnelEnds& ends, TaskGroup& group, unsigned count) {
  for (unsigned served = 0; served < count;) {
    auto streams = std::exchange(ends.arrived, {});
    for (auto& stream : streams) {
      group.spawn("echo", echo(std::move(stream)));
      ++served;
    }
    co_await net::sleep(milliseconds{1});
  }
}

Task<> many_streams(TunnelEnds& ends, unsigned count, int& equal) {
  co_await open_good_tunnel(ends);
  TaskGroup group(co_await net::asio::this_coro::executor);
  for (unsigned i = 0; i < count; ++i) group.spawn("ask", ask_echo(ends, i, equal));
  group.spawn("serve", serve_arrived(ends, group, count));
  co_await group.join();
  let_go(ends);
}

Task<> over_the_bound(TunnelEnds& ends) {
  auto rules = rules_for("right");
  auto target = target_for("right");
  target.streams = 2;
  co_await open_tunnel(ends, std::move(rules), std::move(target));
  REQUIRE(ends.client);
  {
    std::vector<std::unique_ptr<net::Stream>> held;
    for (int i = 0; i < 2; ++i) {
      auto stream = co_await ends.server->open_stream(kLong);
      REQUIRE(stream);
      held.push_back(std::move(*stream));
    }
    auto refused = co_await ends.server->open_stream(kLong);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::unreachable);
    CHECK(ends.server->alive());  // a refused stream is no reason to end the tunnel
    held.clear();
    ends.arrived.clear();
    co_await net::sleep(kSoon);
    auto again = co_await ends.server->open_stream(kLong);
    CHECK(again);
    ends.arrived.clear();
  }
  let_go(ends);
}

Task<> until_quiet(const std::size_t& written) {
  for (std::size_t before = 1; before != written;) {
    before = written;
    co_await net::sleep(milliseconds{150});
  }
}

Task<> slow_reader(TunnelEnds& ends, std::size_t& written) {
  co_await open_good_tunnel(ends);
  {
    StreamEnds slow, quick;
    co_await open_stream(ends, slow);
    co_await open_stream(ends, quick);
    net::error_code ended;
    TaskGroup group(co_await net::asio::this_coro::executor);
    group.spawn("writer", keep_writing(*slow.server, written, ended));
    co_await until_quiet(written);
    // A stream beside it goes on.
    co_await send(*quick.server, "question");
    const auto question = co_await read_to_end(*quick.agent);
    CHECK(question.bytes == "question");
    const auto some = co_await read_exactly(*slow.agent, 1000);
    CHECK((some == pattern(kPiece).substr(0, 1000)));
    slow.agent->close();
    co_await group.join();
    CHECK(ended);
  }
  let_go(ends);
}

}  // namespace

TEST_CASE("ten megabytes each way through one stream come out the same") {
  TunnelEnds ends;
  drive(both_ways(ends, 10 * 1024 * 1024 + 7));
}

TEST_CASE("a stream without a byte ends on both sides") {
  TunnelEnds ends;
  drive(both_ways(ends, 0));
}

TEST_CASE("the answer on a stream comes after the question's end") {
  TunnelEnds ends;
  drive(question_and_answer(ends));
}

TEST_CASE("nothing is lost when a stream is closed right after its last byte") {
  TunnelEnds ends;
  drive(send_and_close(ends));
}

TEST_CASE("many streams at once keep their bytes apart") {
  TunnelEnds ends;
  int equal = 0;
  drive(many_streams(ends, 100, equal));
  CHECK(equal == 100);
}

TEST_CASE("an agent takes as many streams as it allows and new ones when they have gone") {
  TunnelEnds ends;
  drive(over_the_bound(ends));
}

TEST_CASE("a reader that stops makes its writer wait and nobody else") {
  TunnelEnds ends;
  std::size_t written = 0;
  drive(slow_reader(ends, written));
  CHECK(written > 0);
  CHECK(written <= 4 * 1024 * 1024);  // a window, the sockets, and no more
}

}  // namespace edge::ssh::test
