#include "fleet/temporary_settings.hpp"

namespace edge::fleet {

bool TemporarySettings::remove(const EndpointId& scope, const std::string& key) {
  const auto found = all_.find(scope);
  if (found == all_.end() || found->second.erase(key) == 0) return false;
  if (found->second.empty()) all_.erase(found);
  return true;
}

TemporarySettings::OfOne TemporarySettings::of(const EndpointId& scope) const {
  const auto found = all_.find(scope);
  return found == all_.end() ? OfOne() : found->second;
}

std::map<std::string, std::string> TemporarySettings::values_of(const EndpointId& scope) const {
  std::map<std::string, std::string> values;
  const auto found = all_.find(scope);
  if (found == all_.end()) return values;
  for (const auto& [key, one] : found->second) values[key] = one.value;
  return values;
}

std::vector<TemporarySettings::Due> TemporarySettings::take_due(WallTime now) {
  std::vector<Due> due;
  for (const auto& [scope, ones] : all_) {
    for (const auto& [key, one] : ones) {
      if (one.until <= now) due.push_back({scope, key, one.value});
    }
  }
  for (const auto& one : due) remove(one.scope, one.key);
  return due;
}

}  // namespace edge::fleet
