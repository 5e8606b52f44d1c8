// The way through a SOCKS5 proxy (RFC 1928, 1929): it resolves the name.
#pragma once

#include "base/proxy_url.hpp"
#include "net/socket_stream.hpp"

namespace edge::net {

// REQUIRES: the socket is connected to the proxy; whoever calls bounds the time by closing it. On
// success nothing beyond the proxy's answer has been read.
Task<Result<void>> socks_connect(Socket& socket, const ProxyUrl& proxy, HostPort to);

}  // namespace edge::net
