// Which endpoints a request is for: names, a selector, or the names that a selector is true of.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "fleet/selector.hpp"

namespace edge::server {

inline constexpr std::size_t kMostTargets = 20'000;
// 20,000 of the longest names.
inline constexpr std::size_t kMostTargetBytes = 2 * 1024 * 1024;

struct TargetWish {
  std::vector<std::string> names;  // or ids
  std::optional<fleet::Selector> selector;
};

// "endpoints": [...], "selector": "..."; at least one of them.
Result<TargetWish> target_wish(const nlohmann::json& body);

// The value of ?selector=; nothing where there is none.
Result<std::optional<fleet::Selector>> selector_of(const std::map<std::string, std::string>& query);

struct Named {  // an endpoint that was found
  std::string name;
  EndpointId id;
};

}  // namespace edge::server
