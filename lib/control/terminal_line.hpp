// A line that a far command wrote, for a terminal that shows many nodes' lines. Pure.
#pragma once

#include <string>
#include <string_view>

namespace edge::control {

// Colours (SGR) stay, and end with the line; so do tabs. Anything else that moves the cursor,
// clears or answers becomes U+FFFD: one node must not draw over another one's line. Of a line that
// was rewritten with carriage returns what a terminal would show last is left.
std::string terminal_line(std::string_view line);

}  // namespace edge::control
