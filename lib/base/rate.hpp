// Bandwidths as people write them: bytes a second, K, M and G as powers of 1,000 as everywhere in
// networking.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace edge {

// A bandwidth; 0: none is set.
struct Rate {
  std::uint64_t bytes_per_second = 0;
  bool operator==(const Rate&) const = default;
};

// What a limit may be: below, a packet takes longer than anybody waits; above, nothing is slower.
inline constexpr std::uint64_t kLeastRate = 1'000;
inline constexpr std::uint64_t kMostRate = 100'000'000'000;

// "10M" (10 MB/s), "500K", "1.5M", "2G", "80Mbit" (10 MB/s); "10MB", "10MB/s" and "80Mbit/s" are
// the same. From 1K to 100G. Errc::usage says what is wrong with the text, and what is accepted.
Result<std::uint64_t> parse_rate(std::string_view text);
// What parse_rate gives back: 1500000 is "1500K".
std::string format_rate(std::uint64_t bytes_per_second);

}  // namespace edge
