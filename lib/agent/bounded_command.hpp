// A program whose output is wanted, and not for long: killed at its deadline, cut at its bound.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"

namespace edge::agent {

struct CommandBounds {
  SteadyTime deadline;  // of std::chrono::steady_clock: a process does not run on a test's clock
  std::size_t output = 64 * 1024;
};

// Runs `program` (an absolute path) in a process group of its own, with an empty standard input, no
// error output and LC_ALL=C alone in its environment. Gives its standard output whatever its exit
// code is. Errc::timed_out: the group was killed. Blocks until the deadline at most: not for an
// event loop.
Result<std::string> run_bounded(const std::string& program,
                                const std::vector<std::string>& arguments,
                                const CommandBounds& bounds);

}  // namespace edge::agent
