#include "base/proxy_exceptions.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"

namespace edge {
namespace {

constexpr unsigned kMappedBits = 96;  // ahead of an IPv4 address

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

template <class Number>
std::optional<Number> parse_number(std::string_view text, Number most) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number > most)
    return std::nullopt;
  return number;
}

bool same_bits(const IpAddress& left, const IpAddress& right, unsigned count) {
  for (unsigned bit = 0; bit < count; ++bit) {
    const auto mask = static_cast<std::uint8_t>(0x80u >> bit % 8);
    if ((left.bytes[bit / 8] & mask) != (right.bytes[bit / 8] & mask)) return false;
  }
  return true;
}

// The host of "HOST:PORT", and its port; the whole of "HOST" or "2001:db8::1".
std::string_view take_port(std::string_view entry, std::optional<std::string_view>& port) {
  if (entry.starts_with('[')) {
    const auto end = entry.find(']');
    if (end == std::string_view::npos) return entry;
    if (entry.substr(end + 1).starts_with(':'))
      port = entry.substr(end + 2);
    else if (end + 1 != entry.size())
      return entry;
    return entry.substr(1, end - 1);
  }
  const auto colon = entry.find(':');
  if (colon == std::string_view::npos || entry.find(':', colon + 1) != std::string_view::npos)
    return entry;
  port = entry.substr(colon + 1);
  return entry.substr(0, colon);
}

}  // namespace

std::optional<ProxyExceptions::Rule> ProxyExceptions::parse_rule(std::string_view entry) {
  Rule rule;
  if (const auto slash = entry.find('/'); slash != std::string_view::npos) {
    const auto first = parse_ip(entry.substr(0, slash));
    if (!first) return std::nullopt;
    // "::ffff:192.0.2.0/120" counts all 128 bits, as whoever wrote it did.
    const unsigned above = entry.find(':') == std::string_view::npos ? kMappedBits : 0;
    const auto prefix = parse_number<unsigned>(entry.substr(slash + 1), 128 - above);
    if (!prefix) return std::nullopt;
    rule.first = *first;
    rule.prefix = above + *prefix;
    return rule;
  }
  std::optional<std::string_view> port;
  auto host = take_port(entry, port);
  if (port) {
    const auto number = parse_number<std::uint16_t>(*port, 65535);
    if (!number || *number == 0) return std::nullopt;
    rule.port = *number;
  }
  if (const auto address = parse_ip(host)) {
    rule.first = *address;
    rule.prefix = 128;
    return rule;
  }
  if (host.starts_with("*.")) host.remove_prefix(1);
  if (host.starts_with('.')) host.remove_prefix(1);
  if (host.ends_with('.')) host.remove_suffix(1);
  if (!is_host_name(host)) return std::nullopt;
  rule.name = lower(host);
  return rule;
}

bool ProxyExceptions::add(std::string_view entry) {
  if (entry == "*") {
    all_ = true;
    return true;
  }
  auto rule = parse_rule(entry);
  if (rule) rules_.push_back(std::move(*rule));
  return rule.has_value();
}

Result<ProxyExceptions> ProxyExceptions::parse(const std::vector<std::string>& entries) {
  constexpr const char* kForm =
      "write a name, an address or a range: example.com, 192.0.2.1, 10.0.0.0/8; '*' is everything";
  if (entries.size() > kMostEntries)
    return fail(Errc::usage, "more than " + std::to_string(kMostEntries) + " entries");
  ProxyExceptions exceptions;
  std::string mistakes;
  for (const auto& entry : entries) {
    if (exceptions.add(entry)) continue;
    mistakes +=
        (mistakes.empty() ? "'" : "\n'") + printable(entry, 64) + "' is no name, address or range";
  }
  if (!mistakes.empty()) return fail(Errc::usage, mistakes, kForm);
  return exceptions;
}

ProxyExceptions ProxyExceptions::from_environment(std::string_view no_proxy) {
  constexpr std::string_view kBetween = ", \t";
  ProxyExceptions exceptions;
  while (exceptions.rules_.size() < kMostEntries) {
    const auto begin = no_proxy.find_first_not_of(kBetween);
    if (begin == std::string_view::npos) break;
    no_proxy.remove_prefix(begin);
    const auto end = std::min(no_proxy.find_first_of(kBetween), no_proxy.size());
    exceptions.add(no_proxy.substr(0, end));
    no_proxy.remove_prefix(end);
  }
  return exceptions;
}

bool ProxyExceptions::contains(const HostPort& address) const {
  if (all_) return true;
  const auto ip = parse_ip(address.host);
  auto host = lower(address.host);
  if (host.ends_with('.')) host.pop_back();
  return std::any_of(rules_.begin(), rules_.end(), [&](const Rule& rule) {
    if (rule.port != 0 && rule.port != address.port) return false;
    if (rule.name.empty()) {
      return ip && ip->is_ipv4() == rule.first.is_ipv4() && same_bits(*ip, rule.first, rule.prefix);
    }
    if (ip || !host.ends_with(rule.name)) return false;
    const auto ahead = host.size() - rule.name.size();
    return ahead == 0 || host[ahead - 1] == '.';
  });
}

}  // namespace edge
