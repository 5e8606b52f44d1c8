// Fleet settings: for all endpoints, or for one; set, or for a while on top of what is set.
#include "fleet/pace.hpp"
#include "server/admin/admin_requests.hpp"
#include "server/admin/setting_change.hpp"
#include "wire/json.hpp"
#include "wire/json_writer.hpp"

namespace edge::server {
namespace {

using nlohmann::json;
using OfOne = fleet::TemporarySettings::OfOne;

constexpr std::size_t kAppliedAtOnce = 256;

const OfOne::mapped_type* find(const OfOne& temporary, const std::string& key) {
  const auto found = temporary.find(key);
  return found == temporary.end() ? nullptr : &found->second;
}

std::string value_in(config::FleetSettings settings, const std::string& key) {
  const auto keys = config::describe(settings);
  return config::get_value(*config::find_key(keys, key));
}

// A change to the settings of all ("") or of one, and whether something holds there for a while.
struct PlannedChange {
  EndpointId scope;
  bool has_one = false;

  // Only what holds for a while is taken back.
  bool ends_only(const SettingChange& change) const { return change.takes_back() && has_one; }
};

Result<void> write_change(store::Store& store, const PlannedChange& one, const std::string& key,
                          const SettingChange& change, WallTime until) {
  if (change.for_a_while) return store.put_temporary_setting({one.scope, key, change.value, until});
  if (one.has_one) {
    auto ended = store.remove_temporary_setting(one.scope, key);
    if (!ended || one.ends_only(change)) return ended;
  }
  return one.scope.empty() ? store.put_setting(key, change.value)
                           : store.put_endpoint_setting(one.scope, key, change.value);
}

void apply_change(Registry& registry, const PlannedChange& one, const std::string& key,
                  const SettingChange& change, WallTime until) {
  if (change.for_a_while) return registry.set_temporary({one.scope, key, change.value, until});
  if (!one.ends_only(change)) {
    one.scope.empty() ? registry.set_setting(key, change.value)
                      : registry.set_endpoint_setting(one.scope, key, change.value);
  }
  if (one.has_one) registry.end_temporary(one.scope, key);
}

std::string change_text(const std::string& key, const std::string& now, const SettingChange& change,
                        bool ends_only) {
  if (ends_only) return key + " = " + now + " again; the time of another value was ended";
  if (change.takes_back()) return key + " back to its default";
  const auto text = key + " = " + now;
  return change.for_a_while ? text + " for " + format_duration(*change.for_a_while) : text;
}

}  // namespace

json AdminConnection::settings_view(const std::optional<EndpointId>& id) const {
  auto& registry = parts_.registry;
  const auto set = registry.set_settings();
  const auto of_all = registry.temporary_settings({});
  std::map<std::string, std::string> own;
  OfOne own_for_a_while;
  if (id) {
    if (auto record = registry.record(*id)) own = record->settings;
    own_for_a_while = registry.temporary_settings(*id);
  }
  auto actual = id ? registry.settings_of(*id) : registry.settings();
  // What a value that holds for a while falls back to.
  const auto below_own = fleet::with_overrides(registry.settings(), own);
  const auto below_all = fleet::with_overrides(fleet::with_overrides({}, set), own);
  json items = json::array();
  for (const auto& key : config::describe(actual)) {
    if (id && !config::is_per_endpoint(key.path)) continue;
    const auto* ours = find(own_for_a_while, key.path);
    const bool is_own = ours != nullptr || own.count(key.path) != 0;
    const auto* one = is_own ? ours : find(of_all, key.path);
    const char* source = is_own                                  ? "endpoint"
                         : one != nullptr || set.count(key.path) ? "fleet"
                                                                 : "default";
    items.push_back(
        {{"key", key.path},
         {"value", config::get_value(key)},
         {"default", value_in({}, key.path)},
         {"source", source},
         {"until", one ? json(format_rfc3339(one->until)) : json(nullptr)},
         {"then", one ? json(value_in(ours ? below_own : below_all, key.path)) : json(nullptr)},
         {"prose", key.prose}});
  }
  return {{"apiVersion", "edge/v1"}, {"settings", std::move(items)}};
}

// Whatever is set anew ends what held for a while; taking back takes that alone, where there is
// one.
net::Task<Result<void>> AdminConnection::change_settings(std::vector<EndpointId> scopes,
                                                         std::string key, SettingChange change,
                                                         std::string for_whom) {
  auto& registry = parts_.registry;
  std::vector<PlannedChange> planned;
  for (const auto& scope : scopes)
    planned.push_back({scope, registry.temporary_settings(scope).count(key) != 0});
  const auto until = parts_.clock.wall() + change.for_a_while.value_or(milliseconds{0});
  auto write = [=](store::Store& store) -> Result<void> {
    for (const auto& one : planned) {
      if (auto written = write_change(store, one, key, change, until); !written) return written;
    }
    return {};
  };
  auto stored = co_await parts_.store.run(write);
  if (!stored) co_return stored.error();
  std::size_t applied = 0;
  for (const auto& one : planned) {
    apply_change(registry, one, key, change, until);
    if (++applied % kAppliedAtOnce == 0) co_await let_others_run();
  }
  const auto& first = planned.front();
  const auto settings =
      first.scope.empty() ? registry.settings() : registry.settings_of(first.scope);
  auto text = change_text(key, value_in(settings, key), change, first.ends_only(change));
  const auto whose = planned.size() == 1 ? first.scope : EndpointId{};
  parts_.record_event(event("settings.changed", whose, text + for_whom));
  co_return Result<void>{};
}

net::Task<Result<void>> AdminConnection::store_settings(
    std::optional<EndpointId> id, std::map<std::string, SettingChange> changes) {
  const auto scope = id.value_or(EndpointId{});
  for (const auto& [key, change] : changes) {
    const std::vector<EndpointId> scopes{scope};
    const std::string nobody_else;
    auto changed = co_await change_settings(scopes, key, change, nobody_else);
    if (!changed) co_return changed.error();
  }
  co_return Result<void>{};
}

AdminConnection::Answer AdminConnection::endpoint_settings(Call call) {
  co_return json_response(200, settings_view(call.endpoint));
}

AdminConnection::Answer AdminConnection::change_endpoint_settings(Call call) {
  auto changes = parse_setting_changes(call.request.body, true);
  if (!changes) co_return error_response(changes.error());
  auto stored = co_await store_settings(call.endpoint, std::move(*changes));
  if (!stored) co_return error_response(stored.error());
  co_return json_response(200, settings_view(call.endpoint));
}

AdminConnection::Answer AdminConnection::fleet_settings(Call) {
  co_return json_response(200, settings_view(std::nullopt));
}

AdminConnection::Answer AdminConnection::change_fleet_settings(Call call) {
  auto changes = parse_setting_changes(call.request.body, false);
  if (!changes) co_return error_response(changes.error());
  auto stored = co_await store_settings(std::nullopt, std::move(*changes));
  if (!stored) co_return error_response(stored.error());
  co_return json_response(200, settings_view(std::nullopt));
}

// All of them or none, in one transaction for each key, and one event for each.
AdminConnection::Answer AdminConnection::change_target_settings(Call call) {
  auto body = wire::parse_json_object(call.request.body, kMostTargetBytes);
  if (!body) co_return error_response(body.error());
  auto wish = target_wish(*body);
  if (!wish) co_return error_response(wish.error());
  const auto settings = body->find("settings");
  if (settings == body->end() || !settings->is_object() || settings->empty()) {
    co_return error_response(wire::wrong_field("settings", "is no object of settings"));
  }
  auto changes = parse_setting_changes(*settings, true);
  if (!changes) co_return error_response(changes.error());
  auto found = co_await resolve_targets(std::move(*wish));
  if (!found) co_return error_response(found.error());
  std::vector<EndpointId> ids;
  for (const auto& target : *found) ids.push_back(target.id);
  const auto for_whom = ids.size() == 1 ? std::string()
                                        : " for " + found->front().name + " and " +
                                              std::to_string(ids.size() - 1) + " more";
  for (const auto& [key, change] : *changes) {
    auto changed = co_await change_settings(ids, key, change, for_whom);
    if (!changed) co_return error_response(changed.error());
  }
  auto response = json_response(200, nullptr);
  response.body.clear();
  wire::JsonWriter writer(response.body);
  writer.begin_object().text("apiVersion", "edge/v1").key("items").begin_list();
  for (const auto& target : *found)
    writer.begin_object().text("id", target.id.text).text("name", target.name).end_object();
  writer.end_list().end_object();
  response.body += '\n';
  co_return response;
}

}  // namespace edge::server
