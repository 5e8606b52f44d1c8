// Opens Unix sockets of the node for one session connection, as its account: a process that has
// become the account does it and hands the descriptors over, so that the kernel's own permissions
// hold, SO_PEERCRED tells the truth, and the bytes still cost no process. It starts with the first
// question and serves all of them. Thread rule: one loop.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "agent/session_process.hpp"
#include "base/descriptor.hpp"
#include "base/error.hpp"
#include "net/notify.hpp"
#include "wire/socket_ask.hpp"

namespace edge::agent {

class SocketKeeper {
 public:
  // `request`: whose it is, and what is allowed; `program`: edge-agent itself.
  SocketKeeper(net::asio::any_io_executor executor, std::string program, SessionRequest request);
  SocketKeeper(const SocketKeeper&) = delete;

  // A connected or a listening socket, or why not. One after the other, in the order of asking.
  net::Task<Result<Descriptor>> open(wire::SocketAsk ask);
  // A listener of open() and its file.
  void end_listener(const std::string& path);

 private:
  net::Task<Result<void>> start();
  net::Task<Result<Descriptor>> ask(const wire::SocketAsk& ask);

  net::asio::any_io_executor executor_;
  const std::string program_;
  const SessionRequest request_;
  std::unique_ptr<SessionProcess> process_;
  std::deque<std::shared_ptr<net::Notify>> line_;  // who asks, and who waits behind
};

// The process's own side: `control` is the agent's, whose end is the end. Returns its exit code.
// REQUIRES: it has become the account.
int keep_sockets(int control, const SessionRequest& request);

}  // namespace edge::agent
