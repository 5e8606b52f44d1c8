#include "base/address_set.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/text.hpp"

namespace edge {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned kMappedBits = 96;
constexpr const char* kForm = "write an address or a range: 192.0.2.1, 10.0.0.0/8, 2001:db8::/32";

IpAddress masked(IpAddress address, unsigned prefix) {
  for (unsigned i = 0; i < address.bytes.size(); ++i) {
    const unsigned kept = std::clamp(prefix, 8 * i, 8 * i + 8) - 8 * i;
    address.bytes[i] = static_cast<std::uint8_t>(address.bytes[i] & (0xff00u >> kept));
  }
  return address;
}

std::optional<unsigned> parse_prefix(std::string_view text, unsigned most) {
  unsigned prefix = 0;
  if (text.empty() || text.size() > 3) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), prefix);
  if (error != std::errc{} || end != text.data() + text.size() || prefix > most)
    return std::nullopt;
  return prefix;
}

Error not_a_range(std::string_view text, const std::string& reason) {
  return fail(Errc::usage, "'" + printable(text, 64) + "' " + reason, kForm);
}

}  // namespace

bool IpAddress::is_ipv4() const noexcept {
  return std::equal(kMapped.begin(), kMapped.end(), bytes.begin());
}

std::optional<IpAddress> parse_ip(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> zero_ended{};
  // inet_pton stops at a NUL, which a hostile text may have inside.
  if (text.size() >= zero_ended.size() || text.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  std::copy(text.begin(), text.end(), zero_ended.begin());
  IpAddress address;
  if (inet_pton(AF_INET6, zero_ended.data(), address.bytes.data()) == 1) return address;
  std::copy(kMapped.begin(), kMapped.end(), address.bytes.begin());
  if (inet_pton(AF_INET, zero_ended.data(), address.bytes.data() + kMapped.size()) == 1) {
    return address;
  }
  return std::nullopt;
}

std::string format_ip(const IpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool ipv4 = address.is_ipv4();
  inet_ntop(ipv4 ? AF_INET : AF_INET6, address.bytes.data() + (ipv4 ? kMapped.size() : 0),
            text.data(), text.size());
  return text.data();
}

Result<AddressSet::Range> AddressSet::parse_range(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = parse_ip(text.substr(0, slash));
  if (!address) return not_a_range(text, "is no IP address or range of them");
  // "::ffff:192.0.2.0/120" counts all 128 bits, as whoever wrote it did.
  const bool dotted = text.substr(0, slash).find(':') == std::string_view::npos;
  const unsigned above = dotted ? kMappedBits : 0;
  Range range{*address, 128};
  if (slash != std::string_view::npos) {
    const auto prefix = parse_prefix(text.substr(slash + 1), 128 - above);
    if (!prefix) return not_a_range(text, "has no valid prefix length");
    range.prefix = above + *prefix;
  }
  if (range.first = masked(*address, range.prefix); range.first != *address) {
    if (address->is_ipv4() && range.prefix < kMappedBits)
      return not_a_range(text, "has bits set beyond its prefix");
    return not_a_range(text, "has bits set beyond its prefix, did you mean " +
                                 format_ip(range.first) + std::string(text.substr(slash)) + "?");
  }
  return range;
}

Result<AddressSet> AddressSet::parse(const std::vector<std::string>& entries) {
  if (entries.size() > kMostEntries) {
    return fail(Errc::usage, "more than " + std::to_string(kMostEntries) + " addresses");
  }
  AddressSet set;
  std::string mistakes;
  for (const auto& entry : entries) {
    const auto range = parse_range(entry);
    if (range) {
      set.ranges_.push_back(*range);
    } else {
      mistakes += (mistakes.empty() ? "" : "\n") + range.error().message;
    }
  }
  if (!mistakes.empty()) return fail(Errc::usage, mistakes, kForm);
  return set;
}

bool AddressSet::contains(const IpAddress& address) const noexcept {
  return std::any_of(ranges_.begin(), ranges_.end(), [&](const Range& range) {
    return range.first.is_ipv4() == address.is_ipv4() &&
           masked(address, range.prefix) == range.first;
  });
}

bool AddressSet::contains(std::string_view address) const {
  const auto parsed = parse_ip(address);
  return parsed && contains(*parsed);
}

std::uint64_t source_key(const IpAddress& address) noexcept {
  // An IPv4 key looks like the /64 of 0:0:x:x::, a part of ::/32 that is nobody's.
  const std::size_t from = address.is_ipv4() ? kMapped.size() : 0;
  const std::size_t size = address.is_ipv4() ? 4 : 8;
  std::uint64_t key = 0;
  for (std::size_t i = from; i < from + size; ++i) key = key << 8 | address.bytes[i];
  return key == 0 ? 1 : key;  // ::1 is a source, too
}

std::uint64_t source_key(std::string_view address) {
  const auto parsed = parse_ip(address);
  return parsed ? source_key(*parsed) : 0;
}

}  // namespace edge
