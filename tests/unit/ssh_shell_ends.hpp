// A session with both ends in one process: edgectl's client and the agent's server over a socket
// pair.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net_drive.hpp"
#include "ssh/client.hpp"
#include "ssh/shell_server.hpp"

namespace edge::ssh::test {

using namespace net::test;  // NOLINT: drive, pattern and the like
using net::Task;
using net::TaskGroup;

// What the far side does with an order.
using Shell = Task<> (*)(std::shared_ptr<ShellChannel> channel);

// What an operator asks for, and of whom.
struct ShellTarget : CommandOrder {
  std::string host_key, account;
};

struct ShellEnds {
  Key host_key = *Key::generate();
  Key session_key = *Key::generate();
  Result<void> established = fail(Errc::failure, "not run");
  Result<void> opened = fail(Errc::failure, "not run");
  std::vector<ShellOrder> orders;
  std::unique_ptr<ServerIdentity> identity =
      std::make_unique<ServerIdentity>(host_key.private_text());
  ForwardHooks hooks;  // of the server
  std::unique_ptr<TaskGroup> shells;
  std::unique_ptr<ShellServer> server;
  std::unique_ptr<Client> connection;
  std::unique_ptr<RemoteCommand> client;

  ShellTarget target() const {
    ShellTarget target;
    target.host_key = host_key.public_line();
    target.account = "operator";
    return target;
  }
};

inline Task<> establish(ShellEnds& ends, milliseconds deadline) {
  auto established = co_await ends.server->establish(deadline);
  ends.established = std::move(established);
}

inline Task<> open_client(ShellEnds& ends, int descriptor, const Key& key, ShellTarget target,
                          milliseconds deadline) {
  Client::Login login;
  login.host_key = target.host_key;
  login.account = target.account;
  auto connection = co_await Client::open(descriptor, key, std::move(login), deadline);
  if (!connection) {
    ends.opened = connection.error();
    co_return;
  }
  ends.connection = std::move(*connection);
  auto started = co_await ends.connection->run(std::move(target), deadline);
  if (started) {
    ends.client = std::move(*started);
    ends.opened = Result<void>{};
  } else {
    ends.opened = started.error();
  }
}

// `vouched`: the key that the server was told to take.
inline Task<> open_session(ShellEnds& ends, ShellTarget target, Shell shell, std::string vouched) {
  const auto executor = co_await net::asio::this_coro::executor;
  const auto pair = net::socket_pair();
  REQUIRE(pair);
  ends.shells = std::make_unique<TaskGroup>(executor);
  auto on_order = [&ends, shell](std::shared_ptr<ShellChannel> channel) {
    ends.orders.push_back(channel->order());
    ends.shells->spawn("shell", shell(std::move(channel)));
  };
  ends.server = std::make_unique<ShellServer>(executor, pair->first, *ends.identity, vouched,
                                              on_order, ends.hooks);
  TaskGroup group(executor);
  group.spawn("server", establish(ends, kLong));
  group.spawn("client",
              open_client(ends, pair->second, ends.session_key, std::move(target), kLong));
  co_await group.join();
}

inline Task<> end_session(ShellEnds& ends) {
  if (ends.connection) ends.connection->close();
  if (ends.server) ends.server->close();
  if (ends.shells) co_await ends.shells->join();
  ends.client.reset();
  ends.connection.reset();
  ends.server.reset();
}

}  // namespace edge::ssh::test
