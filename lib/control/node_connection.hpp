// A node's SSH as edgectl uses it: a session that comes back by itself (SessionLink), the node's
// host key checked against what was seen before, and an SSH client on it.
// Thread rule: one loop. Ownership: its owner awaits end() before it lets go.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "control/session_link.hpp"
#include "ssh/client.hpp"

namespace edge::control {

class HostKeyMemory;

class NodeConnection {
 public:
  struct Order {
    SessionLink::Order session;
    std::string account;                 // empty: root, or the agent's own where it is not root
    std::filesystem::path state_folder;  // known host keys of instances
    HostKeyMemory* host_keys = nullptr;  // those that were read already; nullptr: from the file
    ssh::Client::OnStream on_agent;      // empty: no ssh-agent is forwarded to
    SessionLink::OnPause on_pause;       // may be empty
  };

  // The errors are edged's own, the node's, or why the session ended meanwhile.
  // REQUIRES: order.session.endpoint_id is known.
  static net::Task<Result<std::unique_ptr<NodeConnection>>> open(Order order);
  NodeConnection(const NodeConnection&) = delete;

  SessionLink& link() noexcept { return *link_; }
  ssh::Client& client() noexcept { return *client_; }
  // A command, login shell or subsystem; the errors are as open()'s.
  net::Task<Result<std::unique_ptr<ssh::RemoteCommand>>> run(ssh::CommandOrder order);
  // Why the session is over although nobody said goodbye: "the session on NAME ended: WHY".
  std::optional<Error> failure() const;

  // Whatever is stuck on it ends; end() is still to be awaited.
  void close() noexcept { client_->close(); }
  // Says goodbye, which hangs the far side up, and waits for its own tasks.
  net::Task<> end();

 private:
  NodeConnection(net::asio::any_io_executor executor, std::string endpoint,
                 std::unique_ptr<SessionLink> link);

  const std::string endpoint_;
  net::TaskGroup tasks_;
  std::unique_ptr<SessionLink> link_;
  std::unique_ptr<ssh::Client> client_;
};

}  // namespace edge::control
