// How a live session reads, in tables, on its page and in questions.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/time.hpp"
#include "control/output.hpp"

namespace edge::edgectl {

control::Cell session_state_cell(const nlohmann::json& session);
// "alice (uid 1000, session 3) as root, pid 4711"; what is not known is left out.
std::string login_text(const nlohmann::json& session);
// "when idle, in 4m"; "" where nothing but somebody will end it.
std::string ends_text(const nlohmann::json& session, WallTime now);
// The instance, by the name that its host has.
std::string instance_text(const nlohmann::json& session);

}  // namespace edge::edgectl
