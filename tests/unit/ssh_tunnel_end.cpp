#include <sys/socket.h>

#include "ssh_ends.hpp"

namespace edge::ssh::test {
namespace {

Task<> killed_in_the_middle(TunnelEnds& ends, bool at_server) {
  const auto executor = co_await net::asio::this_coro::executor;
  const auto pair = net::socket_pair();
  // The test's own copy of the descriptor: with it the transport is cut under both ends.
  const int cut = ::dup(pair->first);
  ends.server =
      std::make_unique<TunnelServer>(executor, pair->first, *ends.identity, rules_for("right"));
  TaskGroup opening(executor);
  opening.spawn("server", establish(ends, kLong));
  opening.spawn("client", connect(ends, pair->second, target_for("right"), kLong));
  co_await opening.join();
  REQUIRE(ends.client);
  {
    StreamEnds stream;
    co_await open_stream(ends, stream);
    std::size_t written = 0;
    net::error_code ended;
    Whole whole;
    TaskGroup group(executor);
    group.spawn("writer", keep_writing(at_server ? *stream.agent : *stream.server, written, ended));
    group.spawn("reader", collect(at_server ? *stream.server : *stream.agent, whole));
    co_await net::sleep(kSoon);
    ::shutdown(cut, SHUT_RDWR);
    ::close(cut);
    co_await group.join();
    CHECK(ended);
    CHECK(whole.error);
    CHECK(whole.error != net::asio::error::eof);  // cut off must not look like the end
    co_await ends.server->until_dead();
    co_await ends.client->until_dead();
    auto none = co_await ends.server->open_stream(kLong);
    REQUIRE_FALSE(none);
    CHECK(none.error().code == Errc::unreachable);
  }
  let_go(ends);
}

Task<> streams_outlive_the_ends(TunnelEnds& ends) {
  co_await open_good_tunnel(ends);
  StreamEnds stream;
  co_await open_stream(ends, stream);
  let_go(ends);
  const auto at_agent = co_await read_to_end(*stream.agent);
  CHECK(at_agent.error);
  const auto error = co_await write_text(*stream.server, "to nobody");
  CHECK(error);
  const auto shut = co_await stream.server->shutdown_write();
  CHECK(shut);
}

Task<> close_under_a_reader(TunnelEnds& ends) {
  co_await open_good_tunnel(ends);
  {
    StreamEnds stream;
    co_await open_stream(ends, stream);
    Whole whole;
    TaskGroup group(co_await net::asio::this_coro::executor);
    group.spawn("reader", collect(*stream.server, whole));
    co_await net::sleep(kSoon);
    stream.server->close();
    stream.server->close();
    co_await group.join();
    CHECK(whole.error);
  }
  let_go(ends);
}

// An agent that stops answering though its connection stays: what the wire carries is dropped once
// `cut` is set.
Task<> carry(net::Stream& from, net::Stream& to, const bool& cut) {
  std::string chunk(16 * 1024, '\0');
  for (;;) {
    const auto [error, size] = co_await from.read_some(net::asio::buffer(chunk));
    if (error) co_return;
    if (!cut) co_await to.write(net::asio::buffer(chunk.data(), size));
  }
}

Task<> no_answer_to_open(TunnelEnds& ends) {
  const auto executor = co_await net::asio::this_coro::executor;
  auto left = net::socket_pair(), right = net::socket_pair();
  net::SocketStream a(net::adopt_socket(executor, left->second));
  net::SocketStream b(net::adopt_socket(executor, right->second));
  ends.server =
      std::make_unique<TunnelServer>(executor, left->first, *ends.identity, rules_for("right"));
  bool cut = false;
  TaskGroup wire(executor);
  wire.spawn("there", carry(a, b, cut));
  wire.spawn("back", carry(b, a, cut));
  TaskGroup opening(executor);
  opening.spawn("server", establish(ends, kLong));
  opening.spawn("client", connect(ends, right->first, target_for("right"), kLong));
  co_await opening.join();
  REQUIRE(ends.client);
  cut = true;
  auto stream = co_await ends.server->open_stream(kSoon);
  REQUIRE_FALSE(stream);
  CHECK(stream.error().code == Errc::timed_out);
  CHECK_FALSE(ends.server->alive());
  let_go(ends);
  a.close();
  b.close();
  co_await wire.join();
}

}  // namespace

TEST_CASE("a transport that is cut in the middle ends every stream with an error") {
  for (const bool at_server : {true, false}) {
    CAPTURE(at_server);
    TunnelEnds ends;
    drive(killed_in_the_middle(ends, at_server));
  }
}

TEST_CASE("streams may outlive the tunnel's own ends") {
  TunnelEnds ends;
  drive(streams_outlive_the_ends(ends));
}

TEST_CASE("closing a stream of a tunnel ends who reads from it") {
  TunnelEnds ends;
  drive(close_under_a_reader(ends));
}

TEST_CASE("an agent that does not answer an open in time loses its tunnel") {
  TunnelEnds ends;
  drive(no_answer_to_open(ends));
}

}  // namespace edge::ssh::test
