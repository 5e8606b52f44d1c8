// The subsystem edge-unix of one session connection: a channel becomes a connection to a Unix
// socket of the node, or holds a listener on one. Thread rule: one loop.
#pragma once

#include <boost/asio/local/stream_protocol.hpp>
#include <memory>
#include <string>

#include "agent/forward_budget.hpp"
#include "agent/socket_keeper.hpp"
#include "config/settings.hpp"
#include "net/socket_stream.hpp"
#include "ssh/shell_server.hpp"

namespace edge::agent {

class SessionSockets {
 public:
  // `program`: edge-agent itself.
  SessionSockets(net::asio::any_io_executor executor, const config::AgentConfig& config,
                 ForwardBudget& budget, std::string program, std::string session, bool needs_pam);

  void serve(ssh::ShellServer* server) { server_ = server; }  // at once after it is there
  // From a channel's question to its end. REQUIRES: this is there for as long.
  net::Task<> run(std::shared_ptr<ssh::ShellChannel> channel);

 private:
  using Channel = std::shared_ptr<ssh::ShellChannel>;
  net::Task<Result<Descriptor>> open(const Channel& channel, wire::SocketAsk ask);
  net::Task<> refuse(Channel channel, std::string path, Error reason);
  net::Task<> hold_listener(Channel channel, std::string path, Descriptor listener);
  net::Task<> accept(std::shared_ptr<net::asio::local::stream_protocol::acceptor> acceptor,
                     std::string path, net::TaskGroup& connections);
  net::Task<> carry_to_operator(net::Socket socket, std::string path, ForwardBudget::Place place);

  net::asio::any_io_executor executor_;
  const config::AgentConfig& config_;
  ForwardBudget& budget_;
  const std::string program_, session_;
  const bool needs_pam_;
  ssh::ShellServer* server_ = nullptr;
  std::unique_ptr<SocketKeeper> keeper_;  // from the first question on: before, nobody knows whose
};

}  // namespace edge::agent
