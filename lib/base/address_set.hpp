// IP addresses as values, sets of them as operators write them (addresses and CIDRs), and what
// counts as one source. Pure; every text may be hostile.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace edge {

// IPv4 is kept IPv4-mapped (::ffff:192.0.2.1), so that both spellings of an address are equal.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};
  bool operator==(const IpAddress&) const = default;
  bool is_ipv4() const noexcept;
};

std::optional<IpAddress> parse_ip(std::string_view text);  // no brackets, zone or port
std::string format_ip(const IpAddress& address);           // "192.0.2.1", "2001:db8::1"

class AddressSet {
 public:
  static constexpr std::size_t kMostEntries = 256;

  // "192.0.2.1", "10.0.0.0/8", "2001:db8::/32", at most kMostEntries. Errc::usage, a line for each
  // mistake: what is none of these, and ranges with bits set beyond their prefix, which are more
  // often a slip than a wish.
  static Result<AddressSet> parse(const std::vector<std::string>& entries);

  // A range of one family never holds an address of the other: "::/0" is all of IPv6, no IPv4.
  bool contains(const IpAddress& address) const noexcept;
  bool contains(std::string_view address) const;  // false for what is no address
  bool empty() const noexcept { return ranges_.empty(); }

 private:
  struct Range {
    IpAddress first;
    unsigned prefix;  // in bits of the 128
  };
  static Result<Range> parse_range(std::string_view text);
  std::vector<Range> ranges_;
};

// What bounds per source count as one: an IPv4 address; of IPv6 the /64, all of which one host may
// have for the asking. 0 for what is no address (a Unix socket), and for nothing else.
std::uint64_t source_key(const IpAddress& address) noexcept;
std::uint64_t source_key(std::string_view address);

}  // namespace edge
