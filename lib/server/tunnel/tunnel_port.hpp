// The tunnel port on one loop: SSH, where an agent that is needed comes with its one-time
// credentials. Thread rule: lives on the loop of its executor.
#pragma once

#include "server/listener.hpp"
#include "server/parts.hpp"
#include "server/tunnel/tunnel.hpp"

namespace edge::server {

class TunnelPort {
 public:
  TunnelPort(net::asio::any_io_executor executor, Parts& parts);
  void listen(Acceptor acceptor);
  void stop_accepting();
  net::Task<> drain(milliseconds deadline);  // REQUIRES: every tunnel was told to end

 private:
  net::Task<> accept(std::size_t index);
  net::Task<> serve(net::Socket socket, ConnectionSlot slot);

  net::asio::any_io_executor executor_;
  Parts& parts_;
  ssh::ServerIdentity identity_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  net::TaskGroup tasks_;
};

}  // namespace edge::server
