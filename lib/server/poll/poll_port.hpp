// The poll port on one loop: TLS, HTTP/1.1, kept alive. docs/poll-api.md is its contract.
// Thread rule: lives on the loop of its executor.
#pragma once

#include "server/listener.hpp"
#include "server/parts.hpp"

namespace edge::server {

class PollConnection;

class PollPort {
 public:
  PollPort(net::asio::any_io_executor executor, Parts& parts);
  void listen(Acceptor acceptor);  // any number of times, one per address
  void stop_accepting();
  // Answers what is held, lets what is being answered end, then cuts the rest.
  net::Task<> drain(milliseconds deadline);

 private:
  net::HttpLimits limits_of(const PollConnection& connection) const;
  net::Task<> accept(std::size_t index);
  net::Task<> serve(net::Socket socket, ConnectionSlot slot);

  net::asio::any_io_executor executor_;
  Parts& parts_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  net::TaskGroup tasks_;
};

}  // namespace edge::server
