#include "wire/forwarded_for.hpp"

#include <algorithm>
#include <optional>

namespace edge::wire {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "192.0.2.1", "192.0.2.1:4711", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:4711": no standard
// says which, and proxies differ.
std::optional<IpAddress> parse_hop(std::string_view text) {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    const auto rest = text.substr(end + 1);
    if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1)))) return std::nullopt;
    const auto host = text.substr(1, end - 1);
    return host.find(':') == std::string_view::npos ? std::nullopt : parse_ip(host);
  }
  const auto colon = text.find(':');
  if (colon != std::string_view::npos && is_port(text.substr(colon + 1))) {
    const auto host = text.substr(0, colon);
    // "::1" has its colon at 0, "2001:1" is neither.
    if (host.find('.') != std::string_view::npos) return parse_ip(host);
  }
  return parse_ip(text);
}

}  // namespace

std::string forwarded_source(std::string_view peer, const std::vector<std::string_view>& lines,
                             const AddressSet& trusted) {
  const auto first = parse_ip(peer);
  if (!first || !trusted.contains(*first)) return std::string(peer);
  auto source = *first;
  std::size_t hops = 0;
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    auto rest = *line;
    for (bool more = true; more;) {
      const auto comma = rest.rfind(',');
      more = comma != std::string_view::npos;
      const auto hop = parse_hop(trimmed(more ? rest.substr(comma + 1) : rest));
      if (more) rest = rest.substr(0, comma);
      if (!hop || hops++ == kMaxForwardedHops) return format_ip(source);
      source = *hop;
      if (!trusted.contains(source)) return format_ip(source);
    }
  }
  return format_ip(source);
}

}  // namespace edge::wire
