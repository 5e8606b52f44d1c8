// How an endpoint's states look, in lists and on its page.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "control/output.hpp"

namespace edge::edgectl {

// "online" green, "offline" red, "new" yellow.
control::Cell state_cell(const nlohmann::json& endpoint);
// "idle", "open", "failed(lost)".
control::Cell tunnel_cell(const nlohmann::json& endpoint);

// "site=berlin,tier=prod"
std::string labels_text(const nlohmann::json& endpoint);

}  // namespace edge::edgectl
