// How fast an endpoint's agents check in, from the settings of the fleet and of the endpoint. Pure.
#pragma once

#include <algorithm>
#include <map>
#include <string>

#include "config/settings.hpp"

namespace edge::fleet {

// The fleet's settings with one endpoint's overrides on top. Overrides were checked when they were
// set.
inline config::FleetSettings with_overrides(config::FleetSettings settings,
                                            const std::map<std::string, std::string>& overrides) {
  if (overrides.empty()) return settings;  // as of most endpoints; describing costs prose
  const auto keys = config::describe(settings);
  for (const auto& [path, text] : overrides) {
    if (const auto* key = config::find_key(keys, path)) (void)config::set_value(*key, text);
  }
  return settings;
}

// What the agent asked for, clamped to what the server ordered; 0: answer at once.
inline milliseconds clamp_wait(milliseconds asked, milliseconds ordered_hold) {
  return std::clamp(asked, milliseconds{0}, ordered_hold);
}

}  // namespace edge::fleet
