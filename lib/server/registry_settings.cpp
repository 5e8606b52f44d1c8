// Settings: those of all, of an endpoint, and those that hold for a while; who lives by them learns
// of a change at once.
#include <set>

#include "fleet/pace.hpp"
#include "server/registry.hpp"

namespace edge::server {

void Registry::resolve(Endpoint& endpoint) const {
  const std::shared_lock lock(settings_mutex_);
  auto settings = fleet::with_overrides(settings_, endpoint.record.settings);
  const auto for_a_while = temporary_settings_.values_of(endpoint.record.id);
  endpoint.resolve(fleet::with_overrides(std::move(settings), for_a_while));
}

void Registry::set_endpoint_setting(const EndpointId& id, const std::string& key,
                                    const std::string& value) {
  with(id, [&](Endpoint& endpoint) {
    if (value.empty()) {
      endpoint.record.settings.erase(key);
    } else {
      endpoint.record.settings[key] = value;
    }
  });
  settings_changed(id);
}

void Registry::set_setting(const std::string& key, const std::string& value) {
  {
    const std::unique_lock lock(settings_mutex_);
    if (value.empty()) {
      set_settings_.erase(key);
    } else {
      set_settings_[key] = value;
    }
  }
  settings_changed();
}

void Registry::settings_changed() {
  {
    const std::unique_lock lock(settings_mutex_);
    settings_ = fleet::with_overrides(fleet::with_overrides({}, set_settings_),
                                      temporary_settings_.values_of({}));
  }
  each([this](Endpoint& endpoint) {
    resolve(endpoint);
    endpoint.wake_holds();  // so that every agent learns its new pace now
  });
}

void Registry::settings_changed(const EndpointId& scope) {
  if (scope.empty()) return settings_changed();
  with(scope, [this](Endpoint& endpoint) {
    resolve(endpoint);
    endpoint.wake_holds();
  });
}

void Registry::set_temporary(const store::TemporarySetting& setting) {
  {
    const std::unique_lock lock(settings_mutex_);
    temporary_settings_.put(setting.scope, setting.key, {setting.value, setting.until});
  }
  settings_changed(setting.scope);
}

bool Registry::end_temporary(const EndpointId& scope, const std::string& key) {
  {
    const std::unique_lock lock(settings_mutex_);
    if (!temporary_settings_.remove(scope, key)) return false;
  }
  settings_changed(scope);
  return true;
}

fleet::TemporarySettings::OfOne Registry::temporary_settings(const EndpointId& scope) const {
  const std::shared_lock lock(settings_mutex_);
  return temporary_settings_.of(scope);
}

std::vector<fleet::TemporarySettings::Due> Registry::end_due_settings() {
  std::vector<fleet::TemporarySettings::Due> due;
  {
    const std::unique_lock lock(settings_mutex_);
    due = temporary_settings_.take_due(clock_.wall());
  }
  std::set<EndpointId> scopes;
  for (const auto& one : due) scopes.insert(one.scope);
  for (const auto& scope : scopes) settings_changed(scope);
  return due;
}

config::FleetSettings Registry::settings() const {
  const std::shared_lock lock(settings_mutex_);
  return settings_;
}

std::map<std::string, std::string> Registry::set_settings() const {
  const std::shared_lock lock(settings_mutex_);
  return set_settings_;
}

config::FleetSettings Registry::settings_of(const EndpointId& endpoint) const {
  config::FleetSettings found = settings();
  with(endpoint, [&](Endpoint& entry) { found = entry.settings; });
  return found;
}

}  // namespace edge::server
