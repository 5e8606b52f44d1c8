// CONNECT, the way through an HTTP proxy (RFC 9110 section 9.3.6), with Basic authentication.
#pragma once

#include "base/proxy_url.hpp"
#include "net/socket_stream.hpp"

namespace edge::net {

inline constexpr std::size_t kMostConnectAnswer = 16 * 1024;

// REQUIRES: the socket is connected to the proxy; whoever calls bounds the time by closing it. On
// success nothing beyond the proxy's answer has been read.
Task<Result<void>> http_connect(Socket& socket, const ProxyUrl& proxy, HostPort to);

}  // namespace edge::net
