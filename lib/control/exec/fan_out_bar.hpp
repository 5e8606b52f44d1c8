// How far a run over many is, as one line of a terminal. Pure.
#pragma once

#include <string>

#include "base/time.hpp"
#include "control/exec/fan_out.hpp"

namespace edge::control {

// "[######------] 412/1000  3 failed  64 running  2 out of reach  521 left  82/s  7s left", as much
// of it as fits into the columns, the last of which stays free. `since_start` gives the rate.
std::string bar_text(const FanOut::Counts& counts, milliseconds since_start, unsigned columns);

}  // namespace edge::control
