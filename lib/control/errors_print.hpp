// How a failure looks on stderr:
//   edgectl: cannot connect to shop-17: offline
//     last seen 3h12m ago (2026-11-22T21:52Z) from 203.0.113.7
//     hint: edgectl connect shop-17 --wait 10m
// and with -o json {"error": {"code": "offline", "message": ..., "hint": ..., "retryable": true}}.
#pragma once

#include <ostream>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace edge::control {

struct ErrorStyle {
  bool json = false;
  bool colour = false;
};

// The first line of the message follows the program's name, further lines are indented below it.
// Every line is made safe to show: messages quote agents.
void print_error(std::ostream& err, const Error& error, ErrorStyle style);

// "edgectl: warning: ...". Nothing is printed in JSON style: what matters is in the answer itself.
void print_warning(std::ostream& err, std::string_view text, ErrorStyle style);

}  // namespace edge::control
