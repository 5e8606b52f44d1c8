// The flags of edgectl exec, and what they mean to control::exec.
#pragma once

#include <string>

#include "control/exec/exec.hpp"
#include "control/targets.hpp"

namespace CLI {
class App;
}

namespace edge::edgectl {

struct ExecFlags {
  control::TargetChoice choice;
  std::string user;
  std::string parallel, batch, max_fail, timeout;
  std::string on_offline, wait;
  std::string input, script, retry_failed, result, log_dir;
  bool group = false, dry_run = false;
};

void add_exec_flags(CLI::App& command, ExecFlags& flags);

// How output is shown, how long is waited, what becomes of those that are offline.
Result<void> set_manner(const ExecFlags& flags, bool json, control::ExecOptions& exec);
// REQUIRES: exec.targets, which percentages are of.
Result<void> set_limits(const ExecFlags& flags, control::ExecOptions& exec);

}  // namespace edge::edgectl
