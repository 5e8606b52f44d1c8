// Addresses that do not take a connection, each in its own way, for as long as these live.
#pragma once

#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <vector>

namespace edge::net::test {

// A full backlog drops what comes: nothing answers, on loopback too.
class Swallowing {
 public:
  explicit Swallowing(boost::asio::io_context& loop, const char* host = "127.0.0.1") : full_(loop) {
    using boost::asio::ip::tcp;
    const tcp::endpoint any(boost::asio::ip::make_address(host), 0);
    full_.open(any.protocol());
    full_.bind(any);
    full_.listen(0);
    const auto address = full_.local_endpoint();
    for (int i = 0; i < 4; ++i) {
      queue_.emplace_back(loop, any.protocol());
      queue_.back().native_non_blocking(true);
      // Not asio's: it would wait for the answer.
      (void)::connect(queue_.back().native_handle(), address.data(),
                      static_cast<socklen_t>(address.size()));
    }
  }
  boost::asio::ip::tcp::endpoint address() const { return full_.local_endpoint(); }

 private:
  boost::asio::ip::tcp::acceptor full_;
  std::vector<boost::asio::ip::tcp::socket> queue_;
};

// Bound, so that nobody else gets the port; nobody listens.
class Refusing {
 public:
  explicit Refusing(boost::asio::io_context& loop, const char* host = "127.0.0.1")
      : bound_(loop, boost::asio::ip::tcp::endpoint(boost::asio::ip::make_address(host), 0)) {}
  boost::asio::ip::tcp::endpoint address() const { return bound_.local_endpoint(); }

 private:
  boost::asio::ip::tcp::socket bound_;
};

}  // namespace edge::net::test
