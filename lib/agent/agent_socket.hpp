// The Unix socket on the node through which a session's programs reach the operator's ssh-agent
// (ssh -A): in a folder of its own that only the account can enter, made and removed as the
// account.
#pragma once

#include <memory>
#include <string>

#include "agent/account.hpp"
#include "base/descriptor.hpp"

namespace edge::agent {

class AgentSocket {
 public:
  // Null when it cannot be made; the shell then has no agent, as it would with sshd.
  // REQUIRES: a process with one thread.
  static std::unique_ptr<AgentSocket> open(const Account& account);
  ~AgentSocket();
  AgentSocket(const AgentSocket&) = delete;

  const std::string& path() const { return path_; }
  Descriptor take_listener() { return std::move(listener_); }

 private:
  explicit AgentSocket(const Account& account) : user_(account.user), group_(account.group) {}
  bool make();

  uid_t user_;
  gid_t group_;
  std::string folder_, path_;
  Descriptor listener_;
};

}  // namespace edge::agent
