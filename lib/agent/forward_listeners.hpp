// The listeners of one session connection (ssh -R): who connects to one is carried to the operator.
// Thread rule: one loop.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/forward_budget.hpp"
#include "base/error.hpp"
#include "net/socket_stream.hpp"

namespace edge::agent {

class ForwardListeners {
 public:
  static constexpr std::size_t kMost = 32;  // of one connection
  // A stream to the operator for who came from `source` to the listener asked for as `address`.
  using Open = std::function<net::Task<Result<std::unique_ptr<net::Stream>>>(
      std::string address, std::uint16_t port, HostPort source)>;

  ForwardListeners(net::asio::any_io_executor executor, ForwardBudget& budget, Open open);

  // `asked`: the name that the operator knows it by. Listens on all of the addresses that this node
  // has; port 0 is one that is free. The port, or why not.
  Result<std::uint16_t> listen(const std::string& asked, const std::vector<std::string>& addresses,
                               std::uint16_t port);
  bool end(const std::string& asked, std::uint16_t port);  // who is connected stays
  // REQUIRES: the session has ended, which ends its connections.
  net::Task<> join();

 private:
  using Acceptor = net::asio::ip::tcp::acceptor;
  using Name = std::pair<std::string, std::uint16_t>;
  net::Task<> accept(std::shared_ptr<Acceptor> acceptor, Name name);
  net::Task<> carry(net::asio::ip::tcp::socket socket, Name name);

  net::asio::any_io_executor executor_;
  ForwardBudget& budget_;
  Open open_;
  std::map<Name, std::vector<std::shared_ptr<Acceptor>>> listeners_;
  net::TaskGroup tasks_;
};

}  // namespace edge::agent
