// A listening TCP socket of one loop. Several loops share a port with SO_REUSEPORT; whether the
// port is free for us at all is probed once without it, when the store's lock is held (else a
// second edged of the same user would get half of the agents).
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "net/socket_stream.hpp"

namespace edge::server {

using Acceptor = boost::asio::ip::tcp::acceptor;

// "[::]:9000" listens on IPv6 and IPv4. Errors name the address and the reason.
Result<Acceptor> listen_tcp(net::asio::any_io_executor executor, const std::string& address,
                            bool share);

// The next connection; nothing when the acceptor is closed. Out of descriptors or memory: a short
// pause, and a line in the log.
net::Task<std::optional<net::Socket>> accept_one(Acceptor& acceptor);

// Accepts for ever and hands each connection on; nothing is awaited in between.
net::Task<> accept_all(Acceptor& acceptor, std::function<void(net::Socket)> on_connection);

}  // namespace edge::server
