// All about one endpoint, as a page.
#pragma once

#include <nlohmann/json.hpp>
#include <ostream>

#include "base/time.hpp"

namespace edge::edgectl {

void print_endpoint_page(std::ostream& out, const nlohmann::json& endpoint, WallTime now,
                         bool colour);

}  // namespace edge::edgectl
