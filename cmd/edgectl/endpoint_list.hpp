// What edgectl ls shows of which endpoints, and in which order: once (endpoint_ls.cpp) or for as
// long as somebody looks (endpoint_follow.cpp).
#pragma once

#include <string>
#include <vector>

#include "edgectl/context.hpp"
#include "edgectl/endpoint_columns.hpp"
#include "edgectl/target_flags.hpp"

namespace edge::edgectl {

struct ListOptions {
  control::TargetChoice choice;
  std::vector<std::string> states;
  std::string sort = "name";
  std::string columns;
  bool reverse = false;
  bool follow = false;

  // All that edged would list, in its order.
  bool takes_all() const { return states.empty() && sort == "name" && !reverse; }
  bool is_wanted(const nlohmann::json& endpoint) const;
};

// Those in the states that are wanted, sorted. REQUIRES: all that the choice gives.
Result<std::vector<nlohmann::json>> listed(std::vector<nlohmann::json> endpoints,
                                           const ListOptions& options);

// The columns that were asked for, or the usual ones. REQUIRES: all that the choice gives, before
// any was left out: a label that others have is no mistake.
Result<std::vector<EndpointColumn>> list_columns(const Context& context,
                                                 const std::vector<nlohmann::json>& endpoints,
                                                 const ListOptions& options);

control::Table list_table(const std::vector<nlohmann::json>& endpoints,
                          const std::vector<EndpointColumn>& columns, WallTime now);

// edgectl ls -w: on a terminal the list, drawn anew in place; else each endpoint again whenever it
// changes. Ends with the program; outlives edged.
Result<int> follow_endpoints(Context& context, const ListOptions& options);

}  // namespace edge::edgectl
