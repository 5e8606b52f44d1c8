// What a session channel can run beside programs: functions of the agent, called in the session's
// own process, by the child that has become the account, where a shell would be exec'ed. So they
// may do what the account may, and no shell, no PATH and no profile is between.
#pragma once

#include <string_view>

namespace edge::agent {

// Reads requests from `in` until its end; the value is the exit status.
using Subsystem = int (*)(int in, int out);

Subsystem find_subsystem(std::string_view name);  // null: there is none

// Sizes and SHA-256 of files (wire/sums.hpp).
int serve_sums(int in, int out);

}  // namespace edge::agent
