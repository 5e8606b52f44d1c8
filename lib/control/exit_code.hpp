// The exit codes of every program here, in one table: scripts, `help exit-codes` and the man pages
// read it.
#pragma once

#include <array>

#include "base/error.hpp"

namespace edge::control {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitSomeFailed = 10;
inline constexpr int kExitInterrupted = 130;
// What ssh uses, too: any failure of ours while a far command's status is expected.
inline constexpr int kExitFarFailure = 255;

struct ExitCode {
  int status;
  const char* meaning;
};
inline constexpr std::array<ExitCode, 12> kExitCodes{{
    {0, "success"},
    {1, "failure"},
    {2, "the command itself is wrong, or was not confirmed with --yes where nobody can be asked"},
    {3, "not found, removed, or the predicate is false"},
    {4, "not allowed"},
    {5, "the endpoint is offline"},
    {6, "timed out"},
    {7, "edged cannot be reached"},
    {8, "conflict: it exists already, is in use, or changed meanwhile"},
    {10, "some of many failed"},
    {130, "interrupted"},
    {255,
     "with a far command (connect NAME -- CMD, exec NAME -- CMD): any failure of edgectl itself, "
     "offline included"},
}};

int exit_code(Errc code);

// May the same request succeed later, unchanged?
bool is_retryable(Errc code);

}  // namespace edge::control
