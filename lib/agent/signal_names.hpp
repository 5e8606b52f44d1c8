// Signals by the names that SSH uses: without "SIG".
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace edge::agent {

// "TERM"; those of RFC 4254 section 6.10 and the system's others ("BUS"); a real-time signal gives
// its number.
std::string signal_name(int number);

// Only the signals that an operator may send.
std::optional<int> signal_number(std::string_view name);

}  // namespace edge::agent
