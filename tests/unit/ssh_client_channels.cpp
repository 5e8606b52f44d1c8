// What one connection of edgectl carries beside its first command.
#include "ssh_shell_ends.hpp"

namespace edge::ssh::test {
namespace {

Task<> echo(std::shared_ptr<ShellChannel> channel) {
  const auto whole = co_await read_to_end(channel->stream());
  co_await channel->stream().write(net::asio::buffer(whole.bytes));
  const ShellEnd end;
  co_await channel->finish(end);
}

// Says its whole text to who comes, and takes nothing.
Task<> say(std::unique_ptr<net::Stream> stream, std::string text) {
  co_await write_text(*stream, std::move(text));
  co_await stream->shutdown_write();
  co_await read_to_end(*stream);
}

Task<std::string> hear(std::unique_ptr<net::Stream> stream) {
  auto whole = co_await read_to_end(*stream);
  co_return whole.bytes;
}

Task<> open_with_hooks(ShellEnds& ends) {
  auto target = ends.target();
  const auto vouched = ends.session_key.public_line();
  co_await open_session(ends, std::move(target), echo, vouched);
  REQUIRE(ends.opened);
}

Task<> two_commands(ShellEnds& ends) {
  co_await open_with_hooks(ends);
  CommandOrder order;
  order.command = "second";
  auto second = co_await ends.connection->run(std::move(order), kLong);
  REQUIRE(second);
  co_await write_text(ends.client->stream(), "one");
  co_await write_text((*second)->stream(), "two");
  co_await (*second)->stream().shutdown_write();
  auto heard = co_await read_to_end((*second)->stream());
  CHECK(heard.bytes == "two");
  const auto end = co_await (*second)->end();
  CHECK(end);
  second->reset();  // the other one and the connection stay
  co_await ends.client->stream().shutdown_write();
  heard = co_await read_to_end(ends.client->stream());
  CHECK(heard.bytes == "one");
  CHECK(ends.connection->alive());
  co_await end_session(ends);
}

Task<> unknown_subsystem(ShellEnds& ends) {
  co_await open_with_hooks(ends);
  CommandOrder order;
  order.subsystem = "nonsense";
  const auto refused = co_await ends.connection->run(std::move(order), kLong);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::not_found);
  CHECK(refused.error().message.find("nonsense") != std::string::npos);
  CHECK(ends.connection->alive());
  co_await end_session(ends);
}

Task<> connections(ShellEnds& ends) {
  ends.hooks.on_connect = [&ends](std::unique_ptr<ForwardRequest> request) {
    if (request->target().port != 80) return;  // refused
    ends.shells->spawn("say", say(request->accept(), request->target().host));
  };
  co_await open_with_hooks(ends);
  const HostPort source{"127.0.0.1", 1}, web{"web.local", 80}, other{"web.local", 81};
  auto stream = co_await ends.connection->connect_to(web, source);
  REQUIRE(stream);
  const auto heard = co_await hear(std::move(*stream));
  CHECK(heard == "web.local");
  const auto refused = co_await ends.connection->connect_to(other, source);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::unreachable);
  CHECK(ends.connection->alive());
  co_await end_session(ends);
}

Task<> knock(ShellEnds& ends, std::string address, std::uint16_t port, Result<void>& knocked) {
  const HostPort source{"10.0.0.7", 4711};
  auto stream = co_await ends.server->open_forwarded(std::move(address), port, source);
  if (!stream) {
    knocked = stream.error();
    co_return;
  }
  knocked = Result<void>{};
  co_await say(std::move(*stream), "from the node");
}

Task<> listeners(ShellEnds& ends) {
  ends.hooks.on_listen = [](std::unique_ptr<ListenRequest> request) {
    if (request->port() == 22) return;  // refused
    request->accept(request->port() == 0 ? 40'000 : request->port());
  };
  co_await open_with_hooks(ends);
  const auto executor = co_await net::asio::this_coro::executor;
  std::string heard;
  TaskGroup group(executor);
  const auto listen = [&group, &heard](std::unique_ptr<net::Stream> stream) {
    const auto take = [](std::unique_ptr<net::Stream> from, std::string& into) -> Task<> {
      into = co_await hear(std::move(from));
    };
    group.spawn("hear", take(std::move(stream), heard));
  };
  const auto refused = co_await ends.connection->listen("localhost", 22, listen);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::not_allowed);
  const auto any = co_await ends.connection->listen("localhost", 0, listen);
  REQUIRE(any);
  CHECK(*any == 40'000);
  Result<void> knocked = fail(Errc::failure, "not run");
  co_await knock(ends, "localhost", 40'000, knocked);
  CHECK(knocked);
  co_await group.join();
  CHECK(heard == "from the node");
  // Nobody asked for it, or not any more.
  co_await knock(ends, "localhost", 22, knocked);
  CHECK_FALSE(knocked);
  co_await ends.connection->unlisten("localhost", 40'000);
  co_await knock(ends, "localhost", 40'000, knocked);
  CHECK_FALSE(knocked);
  CHECK(ends.connection->alive());
  co_await end_session(ends);
}

}  // namespace

TEST_CASE("commands share a connection, and one that ends leaves the others alone") {
  ShellEnds ends;
  drive(two_commands(ends));
  REQUIRE(ends.orders.size() == 2);
  CHECK(ends.orders[1].command == "second");
}

TEST_CASE("a subsystem that the far side does not know is refused by name") {
  ShellEnds ends;
  drive(unknown_subsystem(ends));
}

TEST_CASE("a connection from the node is made or refused, and costs nothing else") {
  ShellEnds ends;
  drive(connections(ends));
}

TEST_CASE("a listener on the node brings its connections, and nobody else's") {
  ShellEnds ends;
  drive(listeners(ends));
}

}  // namespace edge::ssh::test
