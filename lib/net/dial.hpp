// The one way out: a TCP connection to where an agent wants to be, through a proxy where the node
// has to use one.
#pragma once

#include <memory>
#include <optional>

#include "net/proxy_rules.hpp"
#include "net/socket_stream.hpp"

namespace edge::net {

struct DialOptions {
  std::optional<asio::ip::address> from;      // this end's address; nothing: the kernel chooses
  std::shared_ptr<const ProxyRules> proxies;  // null: no proxy
  std::shared_ptr<Urgency> urgency;           // null: never
};

// A socket whose other end is `to`, all within the deadline; nothing of what `to` says has been
// read. Errors name the hop that failed: "cannot connect to edge.example.com:9000: ...", "cannot
// reach the proxy: cannot connect to proxy.example:3128: ...", "proxy proxy.example:3128 refused
// CONNECT to edge.example.com:9000: 403 Forbidden". Errc::not_allowed: the proxy wants another user
// or password. What a proxy says is made printable and bounded.
Task<Result<Socket>> dial(HostPort to, milliseconds deadline, DialOptions options = {});

}  // namespace edge::net
