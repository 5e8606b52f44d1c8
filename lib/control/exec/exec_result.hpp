// How a command ended on one endpoint, in the words of summaries and in those of programs. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/time.hpp"

namespace edge::control {

enum class ExecOutcome {
  ok,           // it ran, and ended with 0
  failed,       // it ran, and ended with another status or by a signal
  timed_out,    // it was cancelled at --timeout
  lost,         // it ran, and its end is not known: the session is gone
  refused,      // it did not run: the far side, or edged, said why
  offline,      // it did not run: the endpoint is not there
  cancelled,    // by the operator, while it ran
  not_started,  // its turn did not come
};

const char* to_string(ExecOutcome outcome);
std::optional<ExecOutcome> exec_outcome_from(const std::string& name);

struct ExecResult {
  std::string name;  // of the endpoint
  ExecOutcome outcome = ExecOutcome::not_started;
  int status = 0;            // when it ended by itself
  std::string signal;        // "TERM", without "SIG", when one ended it
  milliseconds duration{0};  // from the moment that it was its turn
  std::string reason;  // for people, where status and signal do not say it; one line, printable
};

// "status 3", "ended by signal KILL", "timed out after 30s", "lost: the tunnel was closed": one
// line.
std::string why(const ExecResult& result);

// {"name", "outcome", "status", "signal", "duration", "reason"}; status and signal are null where
// there are none, duration is in seconds.
nlohmann::ordered_json as_json(const ExecResult& result);

// What a failure that is ours means for the endpoint: offline, or refused with its first line.
ExecResult refusal(std::string name, const Error& error);

}  // namespace edge::control
