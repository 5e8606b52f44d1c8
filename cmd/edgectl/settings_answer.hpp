// The settings API as the three settings commands use it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "edgectl/context.hpp"

namespace edge::edgectl {

// "/v1/settings", or that of one endpoint.
std::string settings_path(const std::string& endpoint);

// The entry of that key in an answer of the API; Errc::not_found with "did you mean".
Result<nlohmann::json> find_setting(const nlohmann::json& answer, const std::string& key);

// Sends one change (a null value takes the setting back) and says what holds now.
Result<int> change_setting(Context& context, const std::string& endpoint, const std::string& key,
                           const nlohmann::json& value);

}  // namespace edge::edgectl
