// The admin socket: HTTP/1.1 JSON for operators on this machine (docs/admin-api.md). The folder's
// and the socket's modes decide who may; who may has root on every node. Thread rule: lives on the
// loop of its executor (loop 0).
#pragma once

#include <boost/asio/local/stream_protocol.hpp>
#include <memory>
#include <set>

#include "net/socket_stream.hpp"
#include "server/parts.hpp"

namespace edge::server {

class AdminPort {
 public:
  AdminPort(net::asio::any_io_executor executor, Parts& parts);
  ~AdminPort();

  // Makes the folder (0750) where it is missing and the socket (0660), both of the group. A socket
  // on which somebody answers is Errc::conflict; a dead one is replaced.
  Result<void> listen();
  void stop_accepting();
  net::Task<> drain(milliseconds deadline);

 private:
  using Acceptor = net::asio::local::stream_protocol::acceptor;
  net::Task<> accept();
  net::Task<> serve(net::Socket socket, ConnectionSlot slot);
  void refuse(int descriptor);

  net::asio::any_io_executor executor_;
  Parts& parts_;
  Acceptor acceptor_;
  std::set<net::SocketStream*> idle_;  // between two requests: closed at once when we drain
  net::TaskGroup tasks_;
};

}  // namespace edge::server
