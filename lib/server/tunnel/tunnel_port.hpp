// The tunnel port on one loop: SSH, where an agent that is needed comes with its one-time
// credentials. Thread rule: lives on the loop of its executor.
#pragma once

#include "net/tls.hpp"
#include "server/handshake_queue.hpp"
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

  // A tunnel that comes through the poll port: the same SSH inside of TLS, after a 101.
  void adopt(net::TlsStream stream, std::string rest, std::string peer, SourceSlot source,
             ConnectionSlot slot);

 private:
  net::Task<> accept(std::size_t index);
  net::Task<> serve(net::Socket socket, ConnectionSlot slot);
  net::Task<bool> first_byte(net::Socket& socket);
  net::Task<> serve_adopted(std::shared_ptr<net::Stream> stream, int pace_of, std::string peer,
                            SourceSlot source, ConnectionSlot slot);

  net::asio::any_io_executor executor_;
  Parts& parts_;
  ssh::ServerIdentity identity_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  HandshakeQueue handshakes_;
  net::TaskGroup tasks_;
};

}  // namespace edge::server
