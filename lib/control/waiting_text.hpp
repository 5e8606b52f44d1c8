// What an operator who needs an endpoint is waiting for, from the endpoint as edged describes it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace edge::control {

// "connecting to shop-17: last attempt: lost; waiting for its check-in (at most 5s)...". The reason
// comes first, for a terminal cuts the line at its end.
std::string waiting_text(const std::string& name, const nlohmann::json& endpoint);

// The endpoint as if that instance were all of it, for an operator who waits for it alone. `wanted`
// as it was written: its id, host name, or the start of its id.
nlohmann::json seen_as_instance(nlohmann::json endpoint, const std::string& wanted);

}  // namespace edge::control
