// Fleet settings: for all endpoints, or for one.
#include "server/admin/admin_requests.hpp"
#include "wire/json.hpp"

namespace edge::server {
namespace {

using nlohmann::json;

// {"check-in.interval": "30s", "check-in.hold": null}: every key known, every value good, or
// nothing changes.
Result<std::map<std::string, std::string>> parse_changes(const std::string& body,
                                                         bool of_endpoint) {
  auto object = wire::parse_json_object(body);
  if (!object) return object.error();
  std::map<std::string, std::string> changes;
  config::FleetSettings scratch;
  const auto keys = config::describe(scratch);
  for (const auto& [path, value] : object->items()) {
    const auto* key = config::find_key(keys, path);
    if (key == nullptr) {
      return fail(Errc::usage, "no setting '" + path + "'", "edgectl settings show lists them");
    }
    if (of_endpoint && !config::is_per_endpoint(path)) {
      return fail(Errc::usage, path + " is for all endpoints only",
                  "edgectl settings set " + path + " VALUE");
    }
    if (value.is_null()) {
      changes[path] = "";
      continue;
    }
    if (!value.is_string()) return fail(Errc::usage, path + ": the value is given as text");
    if (auto set = config::set_value(*key, value.get<std::string>()); !set) return set.error();
    changes[path] = config::get_value(*key);
  }
  return changes;
}

}  // namespace

json AdminConnection::settings_view(const std::optional<EndpointId>& id) const {
  config::FleetSettings defaults;
  auto actual = id ? parts_.registry.settings_of(*id) : parts_.registry.settings();
  const auto set = parts_.registry.set_settings();
  std::map<std::string, std::string> own;
  if (id) {
    if (auto record = parts_.registry.record(*id)) own = record->settings;
  }
  const auto default_keys = config::describe(defaults);
  json items = json::array();
  for (const auto& key : config::describe(actual)) {
    if (id && !config::is_per_endpoint(key.path)) continue;
    const char* source = own.count(key.path)   ? "endpoint"
                         : set.count(key.path) ? "fleet"
                                               : "default";
    items.push_back({{"key", key.path},
                     {"value", config::get_value(key)},
                     {"default", config::get_value(*config::find_key(default_keys, key.path))},
                     {"source", source},
                     {"prose", key.prose}});
  }
  return {{"apiVersion", "edge/v1"}, {"settings", std::move(items)}};
}

net::Task<Result<void>> AdminConnection::store_settings(
    std::optional<EndpointId> id, std::map<std::string, std::string> changes) {
  for (const auto& [key, value] : changes) {
    auto write = [id, key = key, value = value](store::Store& store) {
      return id ? store.put_endpoint_setting(*id, key, value) : store.put_setting(key, value);
    };
    auto stored = co_await parts_.store.run(write);
    if (!stored) co_return stored.error();
    if (id) {
      parts_.registry.set_endpoint_setting(*id, key, value);
    } else {
      parts_.registry.set_setting(key, value);
    }
    parts_.record_event(event("settings.changed", id.value_or(EndpointId{}),
                              key + (value.empty() ? " back to its default" : " = " + value)));
  }
  co_return Result<void>{};
}

AdminConnection::Answer AdminConnection::endpoint_settings(Call call) {
  co_return json_response(200, settings_view(call.endpoint));
}

AdminConnection::Answer AdminConnection::change_endpoint_settings(Call call) {
  auto changes = parse_changes(call.request.body, true);
  if (!changes) co_return error_response(changes.error());
  auto stored = co_await store_settings(call.endpoint, std::move(*changes));
  if (!stored) co_return error_response(stored.error());
  co_return json_response(200, settings_view(call.endpoint));
}

AdminConnection::Answer AdminConnection::fleet_settings(Call) {
  co_return json_response(200, settings_view(std::nullopt));
}

AdminConnection::Answer AdminConnection::change_fleet_settings(Call call) {
  auto changes = parse_changes(call.request.body, false);
  if (!changes) co_return error_response(changes.error());
  auto stored = co_await store_settings(std::nullopt, std::move(*changes));
  if (!stored) co_return error_response(stored.error());
  co_return json_response(200, settings_view(std::nullopt));
}

}  // namespace edge::server
