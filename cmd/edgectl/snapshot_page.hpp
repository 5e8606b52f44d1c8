// A snapshot as a page: what a node looked like.
#pragma once

#include <nlohmann/json.hpp>
#include <ostream>

#include "edgectl/context.hpp"

namespace edge::edgectl {

// The newest snapshot of each instance of an answer (newest first); Errc::not_found when there is
// none.
Result<int> print_snapshots(Context& context, const nlohmann::json& answer,
                            const std::string& name);

// One item of the list: {instance, taken, snapshot}.
void print_snapshot_page(std::ostream& out, const nlohmann::json& item, WallTime now, bool colour);

}  // namespace edge::edgectl
