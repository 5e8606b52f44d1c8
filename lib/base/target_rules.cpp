#include "base/target_rules.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"

namespace edge {
namespace {

constexpr const char* kForm =
    "write addresses and ranges, with or without a port: localhost, 192.0.2.1:22, 10.0.0.0/8, "
    "[2001:db8::/32]:443, *:8000-8099; '*' is everything. Names other than localhost are not "
    "accepted, since the address that is dialled is what counts";

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
  const auto [addresses, ports] = split(entry);
  if (addresses == "*") {
    rule.any_address = true;
  } else {
    const auto set = addresses == "localhost" ? AddressSet::parse({"127.0.0.0/8", "::1"})
                                              : AddressSet::parse({std::string(addresses)});
    if (!set) return std::nullopt;
    rule.addresses = *set;
  }
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
                  "' is no address, range or port of them";
    }
  }
  if (!mistakes.empty()) return fail(Errc::usage, mistakes, kForm);
  return rules;
}

bool TargetRules::allows(const IpAddress& address, std::uint16_t port) const noexcept {
  return std::any_of(rules_.begin(), rules_.end(), [&](const Rule& rule) {
    return port >= rule.first && port <= rule.last &&
           (rule.any_address || rule.addresses.contains(address));
  });
}

}  // namespace edge
