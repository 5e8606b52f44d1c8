#include "base/numbered_name.hpp"

#include <algorithm>

namespace edge {

std::string numbered_name(std::string_view prefix, std::uint64_t number) {
  constexpr std::size_t kDigits = 5;
  const auto digits = std::to_string(number);
  const std::string zeros(kDigits - std::min(kDigits, digits.size()), '0');
  return std::string(prefix) + "-" + zeros + digits;
}

}  // namespace edge
