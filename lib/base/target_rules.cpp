#include "base/target_rules.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"

namespace edge {
namespace {

constexpr const char* kForm =
    "write addresses and ranges, with or without a port: localhost, 192.0.2.1:22, 10.0.0.0/8, "
    "[2001:db8::/32]:443, *:8000-8099, and Unix sockets: unix:/run/**; '*' is everything. Names "
    "other than localhost are not "
    "accepted, since the address that is dialled is what counts";

constexpr std::string_view kSocket = "unix:";
constexpr std::size_t kMostPattern = 256, kMostStars = 8;  // each star may look at the whole path

// '*': anything within a folder; '**': anything.
bool matches(std::string_view pattern, std::string_view text) noexcept {
  while (!pattern.empty() && pattern.front() != '*') {
    if (text.empty() || text.front() != pattern.front()) return false;
    pattern.remove_prefix(1);
    text.remove_prefix(1);
  }
  if (pattern.empty()) return text.empty();
  const bool deep = pattern.starts_with("**");
  pattern.remove_prefix(deep ? 2 : 1);
  for (;; text.remove_prefix(1)) {
    if (matches(pattern, text)) return true;
    if (text.empty() || (!deep && text.front() == '/')) return false;
  }
}

bool is_pattern(std::string_view text) {
  return (text.starts_with('/') || text == "*" || text == "**") && text.size() <= kMostPattern &&
         std::count(text.begin(), text.end(), '*') <= std::ptrdiff_t{kMostStars};
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

// The addresses of an entry, and what follows its colon, if there is one.
std::pair<std::string_view, std::optional<std::string_view>> split(std::string_view entry) {
  if (entry.starts_with('[')) {
    const auto end = entry.find(']');
    if (end == std::string_view::npos) return {entry, std::nullopt};
    const auto addresses = entry.substr(1, end - 1), rest = entry.substr(end + 1);
    if (rest.starts_with(':')) return {addresses, rest.substr(1)};
    return {rest.empty() ? addresses : entry, std::nullopt};
  }
  const auto colon = entry.find(':');
  const bool is_ipv6 =
      colon != std::string_view::npos && entry.find(':', colon + 1) != std::string_view::npos;
  if (colon == std::string_view::npos || is_ipv6) return {entry, std::nullopt};
  return {entry.substr(0, colon), entry.substr(colon + 1)};
}

}  // namespace

std::optional<TargetRules::Rule> TargetRules::parse_rule(std::string_view entry) {
  Rule rule;
  if (entry.starts_with(kSocket)) {
    rule.sockets = entry.substr(kSocket.size());
    if (!is_pattern(rule.sockets)) return std::nullopt;
    return rule;
  }
  const auto [addresses, ports] = split(entry);
  if (addresses == "*") {
    rule.any_address = true;
  } else {
    const auto set = addresses == "localhost" ? AddressSet::parse({"127.0.0.0/8", "::1"})
                                              : AddressSet::parse({std::string(addresses)});
    if (!set) return std::nullopt;
    rule.addresses = *set;
  }
  rule.names_ports = ports.has_value();
  if (!ports || *ports == "*") return rule;
  const auto dash = ports->find('-');
  const auto first = parse_port(ports->substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : parse_port(ports->substr(dash + 1));
  if (!first || !last || *first > *last) return std::nullopt;
  rule.first = *first;
  rule.last = *last;
  return rule;
}

Result<TargetRules> TargetRules::parse(const std::vector<std::string>& entries) {
  if (entries.size() > kMostEntries)
    return fail(Errc::usage, "more than " + std::to_string(kMostEntries) + " entries");
  TargetRules rules;
  std::string mistakes;
  for (const auto& entry : entries) {
    if (auto rule = parse_rule(entry)) {
      rules.rules_.push_back(std::move(*rule));
    } else {
      mistakes += (mistakes.empty() ? "'" : "\n'") + printable(entry, 64) +
                  "' is no address, range or port of them, and no socket";
    }
  }
  if (!mistakes.empty()) return fail(Errc::usage, mistakes, kForm);
  return rules;
}

bool TargetRules::allows(const IpAddress& address, std::uint16_t port) const noexcept {
  return std::any_of(rules_.begin(), rules_.end(), [&](const Rule& rule) {
    return rule.sockets.empty() && port >= rule.first && port <= rule.last &&
           (rule.any_address || rule.addresses.contains(address));
  });
}

bool TargetRules::allows_socket(std::string_view path) const noexcept {
  return std::any_of(rules_.begin(), rules_.end(), [&](const Rule& rule) {
    return rule.sockets.empty() ? rule.any_address && !rule.names_ports
                                : matches(rule.sockets == "*" ? "**" : rule.sockets, path);
  });
}

}  // namespace edge
