// What an operator sees of the session that he is in (escape ~s). Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace edge::control {

struct SessionFacts {
  std::string endpoint, session, instance;
  nlohmann::json known;                    // GET /v1/sessions/ID; null: edged does not say
  std::optional<std::int64_t> round_trip;  // ms, between edged and the agent
  std::optional<milliseconds> idle_left;   // of --idle
  unsigned resumes = 0;
  bool is_paused = false;
};

std::vector<std::string> session_lines(const SessionFacts& facts);

}  // namespace edge::control
