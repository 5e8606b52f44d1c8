// How a forward that runs reads, in tables and on its page.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "control/output.hpp"

namespace edge::edgectl {

control::Cell forward_state_cell(const nlohmann::json& forward);
std::string forward_target(const nlohmann::json& forward);  // "deploy@shop-17"
std::string forward_specs(const nlohmann::json& forward, const char* separator);

}  // namespace edge::edgectl
