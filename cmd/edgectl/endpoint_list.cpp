#include "edgectl/endpoint_list.hpp"

#include <algorithm>

#include "control/json_fields.hpp"

namespace edge::edgectl {

using nlohmann::json;

bool ListOptions::is_wanted(const json& endpoint) const {
  const auto state = control::text_at(endpoint, "state");
  return states.empty() || std::find(states.begin(), states.end(), state) != states.end();
}

Result<std::vector<json>> listed(std::vector<json> endpoints, const ListOptions& options) {
  if (options.choice.empty()) {
    if (auto checked = check_order(options.sort, endpoints); !checked) return checked.error();
  }
  std::erase_if(endpoints, [&](const json& endpoint) { return !options.is_wanted(endpoint); });
  auto sorted = sort_endpoints(endpoints, always_good(options.sort), options.reverse);
  if (!sorted) return sorted.error();
  return endpoints;
}

Result<std::vector<EndpointColumn>> list_columns(const Context& context,
                                                 const std::vector<json>& endpoints,
                                                 const ListOptions& options) {
  if (options.columns.empty()) return usual_columns(context.wide());
  static const std::vector<json> kUnknown;
  return chosen_columns(options.columns, options.choice.empty() ? endpoints : kUnknown);
}

control::Table list_table(const std::vector<json>& endpoints,
                          const std::vector<EndpointColumn>& columns, WallTime now) {
  std::vector<std::string> headers;
  for (const auto& column : columns) headers.push_back(column.header);
  control::Table table(headers);
  for (const auto& endpoint : endpoints) {
    std::vector<control::Cell> row;
    for (const auto& column : columns) row.push_back(column.cell(endpoint, now));
    table.add(std::move(row));
  }
  return table;
}

}  // namespace edge::edgectl
