#include "server/listener.hpp"

#include <sys/socket.h>

#include <boost/asio/ip/v6_only.hpp>

#include "base/address.hpp"
#include "base/log.hpp"

namespace edge::server {

Result<Acceptor> listen_tcp(net::asio::any_io_executor executor, const std::string& address,
                            bool share) {
  using boost::asio::ip::tcp;
  auto parsed = parse_host_port(address);
  if (!parsed) return parsed.error();
  net::error_code error;
  const auto ip = boost::asio::ip::make_address(parsed->host, error);
  if (error) return fail(Errc::usage, "cannot listen on " + address + ": not an IP address");
  const tcp::endpoint endpoint(ip, parsed->port);
  Acceptor acceptor(executor);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && ip.is_v6())
    acceptor.set_option(boost::asio::ip::v6_only(!ip.is_unspecified()), error);
  if (!error && share) {
    const int on = 1;
    ::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  }
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
  if (error) return fail(Errc::conflict, "cannot listen on " + address + ": " + error.message());
  return acceptor;
}

net::Task<std::optional<net::Socket>> accept_one(Acceptor& acceptor) {
  bool complained = false;
  while (acceptor.is_open()) {
    auto [error, socket] = co_await acceptor.async_accept(net::as_values);
    if (error == net::asio::error::operation_aborted || !acceptor.is_open()) break;
    if (error) {
      if (!std::exchange(complained, true))
        log::error("accept.failed", {{"reason", error.message()}});
      if (!co_await net::sleep(milliseconds{100})) break;
      continue;
    }
    net::error_code ignored;
    socket.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
    co_return net::Socket(std::move(socket));
  }
  co_return std::nullopt;
}

net::Task<> accept_all(Acceptor& acceptor, std::function<void(net::Socket)> on_connection) {
  for (;;) {
    auto socket = co_await accept_one(acceptor);
    if (!socket) co_return;
    on_connection(std::move(*socket));
  }
}

}  // namespace edge::server
