// What an operator reads when a run over many is over: who failed and why, who was not there, and
// who was not begun, apart. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "control/exec/exec_result.hpp"
#include "control/exec/fan_out.hpp"

namespace edge::control {

struct ExecSummary {
  std::vector<ExecResult> results;  // of all, in the order of the targets
  milliseconds took{0};
  FanOut::Stop stopped = FanOut::Stop::none;
  std::size_t most_failures = 0;  // of --max-fail, where that stopped it
  bool skips_offline = false;     // they are no failure then
  std::string record;             // the file for --retry-failed; empty: none was written
};

// Lines without their ends: "20 endpoints in 3.2 s: 14 ok, 3 failed, 2 offline, 1 not started", and
// below it names and reasons.
std::vector<std::string> summary_lines(const ExecSummary& summary);
nlohmann::ordered_json summary_json(const ExecSummary& summary);

// 0, 10 (some or all failed, were offline or were not begun), 130 (interrupted).
int exit_status(const ExecSummary& summary);

}  // namespace edge::control
