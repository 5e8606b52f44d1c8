// Text in the order of people: "0.9.1" before "0.10.0", "till-9" before "till-10". Pure.
#pragma once

#include <string_view>

namespace edge::control {

// Negative, 0 or positive. Runs of digits count as numbers of any length. What differs only in
// leading zeros is ordered by them, so that 0 means the same text.
int natural_order(std::string_view left, std::string_view right);

}  // namespace edge::control
