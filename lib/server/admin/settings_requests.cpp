// Fleet settings: for all endpoints, or for one.
#include "server/admin/admin_requests.hpp"
#include "wire/json.hpp"
#include "wire/json_writer.hpp"

namespace edge::server {
namespace {

using nlohmann::json;

constexpr std::size_t kAppliedAtOnce = 256;

// {"check-in.interval": "30s", "check-in.hold": null}: every key known, every value good, or
// nothing changes.
Result<std::map<std::string, std::string>> parse_changes(const json& object, bool of_endpoint) {
  std::map<std::string, std::string> changes;
  config::FleetSettings scratch;
  const auto keys = config::describe(scratch);
  for (const auto& [path, value] : object.items()) {
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

Result<std::map<std::string, std::string>> parse_body(const std::string& body, bool of_endpoint) {
  auto object = wire::parse_json_object(body);
  if (!object) return object.error();
  return parse_changes(*object, of_endpoint);
}

std::string change_text(const std::string& key, const std::string& value) {
  return key + (value.empty() ? " back to its default" : " = " + value);
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
    parts_.record_event(
        event("settings.changed", id.value_or(EndpointId{}), change_text(key, value)));
  }
  co_return Result<void>{};
}

AdminConnection::Answer AdminConnection::endpoint_settings(Call call) {
  co_return json_response(200, settings_view(call.endpoint));
}

AdminConnection::Answer AdminConnection::change_endpoint_settings(Call call) {
  auto changes = parse_body(call.request.body, true);
  if (!changes) co_return error_response(changes.error());
  auto stored = co_await store_settings(call.endpoint, std::move(*changes));
  if (!stored) co_return error_response(stored.error());
  co_return json_response(200, settings_view(call.endpoint));
}

AdminConnection::Answer AdminConnection::fleet_settings(Call) {
  co_return json_response(200, settings_view(std::nullopt));
}

AdminConnection::Answer AdminConnection::change_fleet_settings(Call call) {
  auto changes = parse_body(call.request.body, false);
  if (!changes) co_return error_response(changes.error());
  auto stored = co_await store_settings(std::nullopt, std::move(*changes));
  if (!stored) co_return error_response(stored.error());
  co_return json_response(200, settings_view(std::nullopt));
}

// All of them or none: one transaction, and one event for each key.
AdminConnection::Answer AdminConnection::change_target_settings(Call call) {
  auto body = wire::parse_json_object(call.request.body, kMostTargetBytes);
  if (!body) co_return error_response(body.error());
  auto wish = target_wish(*body);
  if (!wish) co_return error_response(wish.error());
  const auto settings = body->find("settings");
  if (settings == body->end() || !settings->is_object() || settings->empty()) {
    co_return error_response(wire::wrong_field("settings", "is no object of settings"));
  }
  auto changes = parse_changes(*settings, true);
  if (!changes) co_return error_response(changes.error());
  auto found = co_await resolve_targets(std::move(*wish));
  if (!found) co_return error_response(found.error());
  std::vector<EndpointId> ids;
  for (const auto& target : *found) ids.push_back(target.id);
  auto write = [ids, changes = *changes](store::Store& store) {
    return store.put_endpoint_settings(ids, changes);
  };
  auto stored = co_await parts_.store.run(write);
  if (!stored) co_return error_response(stored.error());

  auto response = json_response(200, nullptr);
  response.body.clear();
  wire::JsonWriter writer(response.body);
  writer.begin_object().text("apiVersion", "edge/v1").key("items").begin_list();
  std::size_t applied = 0;
  for (const auto& target : *found) {
    for (const auto& [key, value] : *changes)
      parts_.registry.set_endpoint_setting(target.id, key, value);
    writer.begin_object().text("id", target.id.text).text("name", target.name).end_object();
    if (++applied % kAppliedAtOnce == 0) co_await let_others_run();
  }
  const auto whose = ids.size() == 1 ? ids.front() : EndpointId{};
  const auto of = ids.size() == 1 ? std::string()
                                  : " for " + found->front().name + " and " +
                                        std::to_string(ids.size() - 1) + " more";
  for (const auto& [key, value] : *changes)
    parts_.record_event(event("settings.changed", whose, change_text(key, value) + of));
  writer.end_list().end_object();
  response.body += '\n';
  co_return response;
}

}  // namespace edge::server
