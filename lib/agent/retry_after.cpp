#include "agent/retry_after.hpp"

#include <algorithm>
#include <string>

namespace edge::agent {
namespace {

constexpr std::chrono::seconds kMost{300};
constexpr std::size_t kMostDigits = 9;  // more is beyond any bound, and beyond std::stoi

milliseconds asked_by(std::string_view header, milliseconds least) {
  if (header.empty() || header.find_first_not_of("0123456789") != std::string_view::npos)
    return least;
  if (header.size() > kMostDigits) return kMost;
  return std::min(kMost, std::chrono::seconds(std::stoi(std::string(header))));
}

}  // namespace

milliseconds retry_after(std::string_view header, milliseconds least, double fraction) {
  const auto asked = std::max(asked_by(header, least), least);
  return asked +
         milliseconds(static_cast<std::int64_t>(fraction * static_cast<double>(asked.count())));
}

}  // namespace edge::agent
