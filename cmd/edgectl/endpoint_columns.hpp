// The columns of a list of endpoints, and the order of its lines. A word that is no column is a
// label's key; label:KEY always is.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "control/output.hpp"

namespace edge::edgectl {

struct EndpointColumn {
  std::string key, header;
  std::function<control::Cell(const nlohmann::json& endpoint, WallTime now)> cell;
};

std::vector<EndpointColumn> usual_columns(bool wide);

// --columns name,state,site. Errc::usage: no column, and no label of one of these endpoints, which
// are all there are; where there are none to look at, it is a label that nobody has yet.
Result<std::vector<EndpointColumn>> chosen_columns(const std::string& list,
                                                   const std::vector<nlohmann::json>& endpoints);

// --sort name|state|last-seen|created|version|LABEL, and what is the same by name. What is wrong is
// known from a look at all endpoints, as above. Times begin with the newest;
// what has no version, no time or no such label comes last. Digits count as
// numbers, but in names, which are in edged's order.
Result<void> check_order(const std::string& by, const std::vector<nlohmann::json>& endpoints);
Result<void> sort_endpoints(std::vector<nlohmann::json>& endpoints, const std::string& by,
                            bool reverse);

// The same order, for a list whose labels may go: what was good once stays good.
std::string always_good(const std::string& by);

}  // namespace edge::edgectl
