// "10%" or "25": a part of however many there are. Pure.
#pragma once

#include <cstddef>
#include <string>

#include "base/error.hpp"

namespace edge::control {

struct Share {
  std::size_t number = 0;
  bool per_cent = false;

  // Rounded down: who asks for a tenth of 15 is careful, and gets 1.
  std::size_t of(std::size_t all) const noexcept { return per_cent ? all * number / 100 : number; }
};

// Errc::usage with the flag's name in it for anything else, and for more than 100 %.
Result<Share> parse_share(const std::string& flag, const std::string& text);

}  // namespace edge::control
