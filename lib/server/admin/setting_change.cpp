#include "server/admin/setting_change.hpp"

#include "base/text.hpp"
#include "config/settings.hpp"
#include "wire/json.hpp"

namespace edge::server {
namespace {

using nlohmann::json;

// Whoever needs a value for longer wants to set it.
constexpr milliseconds kLeastWhile{1'000}, kMostWhile = std::chrono::hours{24 * 30};

// {"value": "5s", "for": "15m"}; true: both are there, and the time is one.
Result<SettingChange> parse_while(const std::string& path, const json& wish) {
  const auto value = wish.find("value"), time = wish.find("for");
  const bool whole = wish.size() == 2 && value != wish.end() && value->is_string() &&
                     time != wish.end() && time->is_string();
  if (!whole)
    return fail(Errc::usage,
                path + ": a value for a while is {\"value\": TEXT, \"for\": DURATION}");
  const auto text = time->get<std::string>();
  const auto duration = parse_duration(text);
  if (!duration || *duration < kLeastWhile || *duration > kMostWhile) {
    return fail(Errc::usage,
                path + ": for '" + printable(text, 32) + "' is not accepted, write a duration, " +
                    format_duration(kLeastWhile) + " to " + format_duration(kMostWhile));
  }
  return SettingChange{value->get<std::string>(), *duration};
}

Result<SettingChange> parse_change(const config::Key& key, const json& wish) {
  if (wish.is_null()) return SettingChange{};
  SettingChange change;
  if (wish.is_object()) {
    auto temporary = parse_while(key.path, wish);
    if (!temporary) return temporary.error();
    change = std::move(*temporary);
  } else if (wish.is_string()) {
    change.value = wish.get<std::string>();
  } else {
    return fail(Errc::usage, key.path + ": the value is given as text");
  }
  if (auto set = config::set_value(key, change.value); !set) return set.error();
  change.value = config::get_value(key);
  return change;
}

}  // namespace

Result<std::map<std::string, SettingChange>> parse_setting_changes(const std::string& body,
                                                                   bool of_endpoint) {
  auto object = wire::parse_json_object(body);
  if (!object) return object.error();
  return parse_setting_changes(*object, of_endpoint);
}

Result<std::map<std::string, SettingChange>> parse_setting_changes(const json& object,
                                                                   bool of_endpoint) {
  std::map<std::string, SettingChange> changes;
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
    auto change = parse_change(*key, value);
    if (!change) return change.error();
    changes[path] = std::move(*change);
  }
  return changes;
}

}  // namespace edge::server
