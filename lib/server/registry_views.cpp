// The registry as operators see it: the JSON of docs/admin-api.md.
#include "base/text.hpp"
#include "server/registry.hpp"

namespace edge::server {
namespace {

using nlohmann::json;

json time_or_null(const std::optional<WallTime>& time) {
  return time ? json(format_rfc3339(*time)) : json(nullptr);
}

json hold_text(milliseconds hold) {
  return hold.count() == 0 ? "off" : format_duration(hold);
}

// Null: as ordered.
json describe_shortened_hold(const Instance& instance, milliseconds ordered) {
  const auto& hold = instance.hold_in_use;
  return hold && *hold < ordered ? hold_text(*hold) : json(nullptr);
}

std::string idle_text(milliseconds left) {
  return format_duration(std::chrono::ceil<std::chrono::seconds>(left));
}

json describe_instance(const Instance& instance, milliseconds ordered_hold, json own_tunnel) {
  const auto& record = instance.record;
  return {{"id", record.id.text},
          {"host-name", printable(record.host_name)},
          {"platform", printable(record.platform)},
          {"version", printable(record.version)},
          {"associated", format_rfc3339(record.associated)},
          {"last-seen", time_or_null(record.last_seen)},
          {"address", record.address},
          {"host-key", instance.host_key_fingerprint},
          {"host-key-line", instance.host_key_fingerprint.empty() ? "" : record.host_key},
          {"held", instance.hold != nullptr},
          {"shortened-hold", describe_shortened_hold(instance, ordered_hold)},
          {"tunnel", std::move(own_tunnel)},
          {"failure", printable(instance.failure)},
          {"failure-detail", printable(instance.failure_detail)}};
}

json describe_briefly(const LiveSession& session) {
  return {{"id", session.id.text},
          {"instance", session.instance.text},
          {"operator", session.operator_name},
          {"since", format_rfc3339(session.since)},
          {"bytes-in", session.bytes_in.load()},
          {"bytes-out", session.bytes_out.load()}};
}

// The newest version and address of its instances: what one line can show.
const Instance* freshest(const Endpoint& endpoint) {
  const Instance* best = nullptr;
  for (const auto& [id, instance] : endpoint.instances) {
    if (best == nullptr || instance.record.last_seen > best->record.last_seen) best = &instance;
  }
  return best;
}

}  // namespace

json Registry::describe(const Circuit& circuit) const {
  const bool live = circuit.tunnel != nullptr;
  const auto since = circuit.life.since();
  const auto idle_in = live ? circuit.tunnel->idle_in() : std::nullopt;
  return {{"state", to_string(circuit.life.state())},
          {"reason", to_string(circuit.life.reason())},
          {"since", since == SteadyTime{} ? json(nullptr) : json(format_rfc3339(wall_of(since)))},
          {"id", live ? circuit.tunnel->id().text : ""},
          {"instance", live ? circuit.tunnel->instance().text : ""},
          {"way", live ? to_string(circuit.tunnel->way()) : ""},
          {"idle-in", idle_in ? json(idle_text(*idle_in)) : json(nullptr)}};
}

json Registry::describe(const Endpoint& endpoint, bool whole, SteadyTime now) const {
  const auto& settings = endpoint.settings;
  const bool open = endpoint.open_tunnel({}) != nullptr;
  const auto* newest = freshest(endpoint);
  json view{
      {"apiVersion", "edge/v1"},
      {"id", endpoint.record.id.text},
      {"name", endpoint.record.name},
      {"state", to_string(endpoint.state(now))},
      {"created", format_rfc3339(endpoint.record.created)},
      {"last-seen", last_seen_of(endpoint, now)},
      {"address", newest ? newest->record.address : ""},
      {"associated", endpoint.record.edge_id_hash.has_value()},
      {"token-expires",
       endpoint.record.edge_id_hash ? json(nullptr) : time_or_null(endpoint.record.token_expires)},
      {"url", endpoint.record.url.empty() ? url_ : endpoint.record.url},
      {"interval", format_duration(settings.interval)},
      {"hold", hold_text(settings.hold)},
      {"wait-at-most",
       format_duration(endpoint.held() || open ? milliseconds{0} : settings.interval)},
      {"version", newest ? printable(newest->record.version) : ""},
      {"labels", endpoint.record.labels},
      {"tunnel", describe(endpoint.circuit)}};
  view["instances"] = json::array();
  for (const auto& [id, instance] : endpoint.instances) {
    const bool own = instance.circuit && instance.circuit->life.state() != fleet::TunnelState::idle;
    auto tunnel = own ? describe(*instance.circuit) : json(nullptr);
    view["instances"].push_back(describe_instance(instance, settings.hold, std::move(tunnel)));
  }
  if (!whole) return view;
  view["sessions"] = json::array();
  for (const auto& [id, session] : endpoint.sessions)
    view["sessions"].push_back(describe_briefly(*session));
  view["settings"] = endpoint.record.settings;
  return view;
}

json Registry::last_seen_of(const Endpoint& endpoint, SteadyTime now) const {
  if (!endpoint.seen) return nullptr;
  return format_rfc3339(wall_of(endpoint.has_tunnel() ? now : *endpoint.seen));
}

json Registry::describe_target(const EndpointId& id) const {
  json view;
  const auto now = clock_.steady();
  with(id, [&](Endpoint& endpoint) {
    view = {{"id", endpoint.record.id.text},
            {"name", endpoint.record.name},
            {"state", to_string(endpoint.state(now))},
            {"last-seen", last_seen_of(endpoint, now)},
            {"labels", endpoint.record.labels}};
  });
  return view;
}

json Registry::describe(const EndpointId& id, bool whole) const {
  json view;
  const auto now = clock_.steady();
  with(id, [&](Endpoint& endpoint) {
    endpoint.each_circuit([now](Circuit& circuit, const InstanceId*) { circuit.life.expire(now); });
    view = describe(endpoint, whole, now);
  });
  return view;
}

Counts Registry::counts() const {
  Counts counts;
  const auto now = clock_.steady();
  each([&](Endpoint& endpoint) {
    const auto state = endpoint.state(now);
    ++(state == fleet::EndpointState::fresh    ? counts.fresh
       : state == fleet::EndpointState::online ? counts.online
                                               : counts.offline);
    endpoint.each_circuit([&counts](Circuit& circuit, const InstanceId*) {
      if (circuit.tunnel) ++counts.tunnels;
    });
    counts.sessions += endpoint.sessions.size();
    for (const auto& [id, instance] : endpoint.instances) counts.held += instance.hold != nullptr;
  });
  return counts;
}

}  // namespace edge::server
