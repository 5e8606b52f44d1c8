// "host:port" and "https://host:port" as people write them, IPv6 in brackets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace edge {

struct HostPort {
  std::string host;  // a name or an address, without brackets
  std::uint16_t port = 0;
  bool operator==(const HostPort&) const = default;
};

bool is_ipv4(std::string_view text);
bool is_ipv6(std::string_view text);  // without brackets and zone
// Labels of letters, digits, '-' and '_', at most 253 bytes; what ends in a number is a mistyped
// address.
bool is_host_name(std::string_view text);

// "edge.example.com:8000", "192.0.2.1:8000", "[2001:db8::1]:8000". An empty host is refused; port 0
// is not, since who listens may mean "any free one".
Result<HostPort> parse_host_port(std::string_view text);
std::string format_host_port(const HostPort& address);  // brackets where needed

struct Url {
  HostPort address;
  bool operator==(const Url&) const = default;
};

// "https://host[:port]" with an optional single trailing '/'; no path, query or user. Default port
// 443; 0 is refused.
Result<Url> parse_https_url(std::string_view text);
std::string format_url(const Url& url);  // always with the port

}  // namespace edge
