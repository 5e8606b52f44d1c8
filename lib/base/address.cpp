#include "base/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/text.hpp"

namespace edge {
namespace {

constexpr const char* kForm = "write HOST:PORT, an IPv6 address in brackets: [2001:db8::1]:8000";
constexpr const char* kUrlForm = "write https://HOST or https://HOST:PORT, without a path";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_label(std::string_view label) {
  const auto allowed = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  };
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), allowed);
}

bool is_address_of(int family, std::string_view text) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  // inet_pton stops at a NUL, which a hostile text may have inside.
  return text.find('\0') == std::string_view::npos &&
         inet_pton(family, std::string(text).c_str(), address.data()) == 1;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  if (text.empty() || text.size() > 5 || !std::all_of(text.begin(), text.end(), is_digit)) {
    return std::nullopt;
  }
  const auto result = std::from_chars(text.data(), text.data() + text.size(), port);
  if (result.ec != std::errc{}) return std::nullopt;
  return port;
}

// The text cut in host (without brackets) and what follows it; nothing when the host is not one.
struct Split {
  std::string_view host, rest;
};
std::optional<Split> split_host(std::string_view text) {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    const Split split{text.substr(1, end - 1), text.substr(end + 1)};
    return is_ipv6(split.host) ? std::optional(split) : std::nullopt;
  }
  const auto end = std::min(text.find(':'), text.size());
  const Split split{text.substr(0, end), text.substr(end)};
  return is_ipv4(split.host) || is_host_name(split.host) ? std::optional(split) : std::nullopt;
}

Error not_an_address(std::string_view text, const char* reason) {
  return fail(Errc::usage, "'" + printable(text) + "' " + reason, kForm);
}

Error not_a_url(std::string_view text, const char* reason) {
  return fail(Errc::usage, "'" + printable(text) + "' " + reason, kUrlForm);
}

}  // namespace

bool is_ipv4(std::string_view text) {
  return is_address_of(AF_INET, text);
}

bool is_ipv6(std::string_view text) {
  return is_address_of(AF_INET6, text);
}

bool is_host_name(std::string_view text) {
  if (text.size() > 253) return false;
  std::string_view last;
  for (bool more = true; more;) {
    const auto dot = text.find('.');
    more = dot != std::string_view::npos;
    last = text.substr(0, dot);
    if (!is_label(last)) return false;
    if (more) text.remove_prefix(dot + 1);
  }
  // "192.0.2.300" is a mistyped address, never a name.
  return !std::all_of(last.begin(), last.end(), is_digit);
}

Result<HostPort> parse_host_port(std::string_view text) {
  const auto split = split_host(text);
  if (!split) return not_an_address(text, "does not begin with a host name or an address");
  if (split->rest.empty()) return not_an_address(text, "has no port");
  const auto port = parse_port(split->rest.substr(1));
  if (split->rest.front() != ':' || !port) return not_an_address(text, "has no valid port");
  return HostPort{std::string(split->host), *port};
}

std::string format_host_port(const HostPort& address) {
  const auto port = ":" + std::to_string(address.port);
  const bool brackets = address.host.find(':') != std::string::npos;
  return brackets ? "[" + address.host + "]" + port : address.host + port;
}

Result<Url> parse_https_url(std::string_view text) {
  constexpr std::string_view kScheme = "https://";
  if (!text.starts_with(kScheme)) return not_a_url(text, "does not begin with https://");
  auto rest = text.substr(kScheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const auto split = split_host(rest);
  if (!split) return not_a_url(text, "is not the URL of a host");
  if (split->rest.empty()) return Url{{std::string(split->host), 443}};
  const auto port = parse_port(split->rest.substr(1));
  if (split->rest.front() != ':' || !port || *port == 0) {
    return not_a_url(text, "has no valid port, or more than that");
  }
  return Url{{std::string(split->host), *port}};
}

std::string format_url(const Url& url) {
  return "https://" + format_host_port(url.address);
}

}  // namespace edge
