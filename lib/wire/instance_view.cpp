#include "wire/instance_view.hpp"

#include "base/text.hpp"
#include "wire/json.hpp"

namespace edge::wire {
namespace {

constexpr std::int64_t kMost = 100LL * 365 * 24 * 3600 * 1000;  // 100 years, in ms
constexpr Bounds kText{0, 300};

Result<std::optional<milliseconds>> optional_time(const Json& json, const char* key) {
  if (!json.contains(key)) return std::optional<milliseconds>();
  auto number = number_field(json, key, 0, kMost);
  if (!number) return number.error();
  return std::optional(milliseconds(*number));
}

void put(Json& json, const char* key, const std::optional<milliseconds>& time) {
  if (time) json[key] = std::max<std::int64_t>(0, time->count());
}

Result<InstanceView> read(const Json& json) {
  InstanceView view;
  Error error;
  std::string time;
  const bool taken =
      take(text_field(json, "time", {1, 32}), time, error) &&
      take(text_field(json, "name", kText), view.name, error) &&
      take(text_field(json, "address", kText), view.address, error) &&
      take(text_field(json, "tunnel", kText), view.tunnel, error) &&
      take(optional_time(json, "silent-ms"), view.silent_for, error) &&
      take(number_field(json, "allowed-ms", 0, kMost), view.silence_allowed, error) &&
      take(optional_time(json, "cloned-ms"), view.cloned, error) &&
      take(number_field(json, "hold-ms", 0, kMost), view.hold, error) &&
      take(optional_time(json, "hold-in-use-ms"), view.hold_in_use, error) &&
      take(text_field(json, "failure", kText), view.failure, error) &&
      take(text_field(json, "failure-detail", kText), view.failure_detail, error);
  if (!taken) return error;
  const auto parsed = parse_rfc3339(time);
  if (!parsed) return wrong_field("time", "is not a time of RFC 3339 in UTC");
  view.time = *parsed;
  view.held = json.value("held", Json(false)) == Json(true);
  view.has_tunnel = json.value("has-tunnel", Json(false)) == Json(true);
  return view;
}

}  // namespace

std::string print_instance_view(const InstanceView& view) {
  Json json{{"apiVersion", "edge/v1"},
            {"time", format_rfc3339(view.time)},
            {"name", view.name},
            {"address", view.address},
            {"tunnel", view.tunnel},
            {"allowed-ms", view.silence_allowed.count()},
            {"held", view.held},
            {"has-tunnel", view.has_tunnel},
            {"hold-ms", view.hold.count()},
            {"failure", printable(view.failure, kText.most)},
            {"failure-detail", printable(view.failure_detail, kText.most)}};
  put(json, "silent-ms", view.silent_for);
  put(json, "cloned-ms", view.cloned);
  put(json, "hold-in-use-ms", view.hold_in_use);
  return print_json(json);
}

Result<InstanceView> parse_instance_view(std::string_view text) {
  constexpr const char* kWhat = "cannot use what edged knows of this instance";
  const auto json = parse_json_object(text);
  if (!json) return within(kWhat, json.error());
  auto view = read(*json);
  if (!view) return within(kWhat, view.error());
  return view;
}

}  // namespace edge::wire
