// The registry as operators see it: the JSON of docs/admin-api.md.
#include "base/text.hpp"
#include "server/registry.hpp"
#include "wire/json_writer.hpp"

namespace edge::server {
namespace {

using nlohmann::json;

constexpr std::size_t kUsualRow = 1024;  // bytes

using wire::JsonWriter;
using Time = std::optional<WallTime>;

std::string hold_text(milliseconds hold) {
  return hold.count() == 0 ? "off" : format_duration(hold);
}

void write_time(JsonWriter& to, const char* key, const Time& time) {
  to.key(key);
  time ? to.text(format_rfc3339(*time)) : to.null();
}

// Null: as ordered.
void write_shortened_hold(JsonWriter& to, const Instance& instance, milliseconds ordered) {
  const auto& hold = instance.hold_in_use;
  const bool is_shortened = hold.has_value() && *hold < ordered;
  to.key("shortened-hold");
  is_shortened ? to.text(hold_text(*hold)) : to.null();
}

std::string idle_text(milliseconds left) {
  return format_duration(std::chrono::ceil<std::chrono::seconds>(left));
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

void Registry::write(JsonWriter& to, const Circuit& circuit) const {
  const bool live = circuit.tunnel != nullptr;
  const auto since = circuit.life.since();
  const auto idle_in = live ? circuit.tunnel->idle_in() : std::nullopt;
  to.begin_object();
  to.text("state", to_string(circuit.life.state()));
  to.text("reason", to_string(circuit.life.reason()));
  write_time(to, "since", since == SteadyTime{} ? Time() : Time(wall_of(since)));
  to.text("id", live ? circuit.tunnel->id().text : "");
  to.text("instance", live ? circuit.tunnel->instance().text : "");
  to.text("way", live ? to_string(circuit.tunnel->way()) : "");
  to.key("idle-in");
  idle_in ? to.text(idle_text(*idle_in)) : to.null();
  to.end_object();
}

void Registry::write(JsonWriter& to, const Instance& instance, milliseconds ordered_hold) const {
  const auto& record = instance.record;
  const auto& circuit = instance.circuit;
  to.begin_object();
  to.text("id", record.id.text);
  to.text("host-name", printable(record.host_name));
  to.text("platform", printable(record.platform));
  to.text("version", printable(record.version));
  to.text("associated", format_rfc3339(record.associated));
  write_time(to, "last-seen", record.last_seen);
  to.text("address", record.address);
  to.text("host-key", instance.host_key_fingerprint);
  to.text("host-key-line",
          instance.host_key_fingerprint.empty() ? std::string() : printable(record.host_key));
  to.flag("held", instance.hold != nullptr);
  write_shortened_hold(to, instance, ordered_hold);
  to.key("tunnel");
  circuit && circuit->life.state() != fleet::TunnelState::idle ? write(to, *circuit)
                                                               : void(to.null());
  to.text("failure", printable(instance.failure));
  to.text("failure-detail", printable(instance.failure_detail));
  to.end_object();
}

std::optional<WallTime> Registry::last_seen_of(const Endpoint& endpoint, SteadyTime now) const {
  if (!endpoint.seen) return std::nullopt;
  return wall_of(endpoint.has_tunnel() ? now : *endpoint.seen);
}

// One line of a list.
void Registry::write(JsonWriter& to, const Endpoint& endpoint, SteadyTime now) const {
  const auto& record = endpoint.record;
  const auto& settings = endpoint.settings;
  const bool at_once = endpoint.held() || endpoint.open_tunnel({}) != nullptr;
  const auto* newest = freshest(endpoint);
  to.begin_object();
  to.text("apiVersion", "edge/v1");
  to.text("id", record.id.text);
  to.text("name", record.name);
  to.text("state", to_string(endpoint.state(now)));
  to.text("created", format_rfc3339(record.created));
  write_time(to, "last-seen", last_seen_of(endpoint, now));
  to.text("address", newest ? newest->record.address : "");
  to.flag("associated", record.edge_id_hash.has_value());
  write_time(to, "token-expires", record.edge_id_hash ? Time() : record.token_expires);
  to.text("url", record.url.empty() ? url_ : record.url);
  to.text("interval", format_duration(settings.interval));
  to.text("hold", hold_text(settings.hold));
  to.text("wait-at-most", format_duration(at_once ? milliseconds{0} : settings.interval));
  to.text("version", newest ? printable(newest->record.version) : "");
  to.key("labels").texts(record.labels);
  to.key("tunnel");
  write(to, endpoint.circuit);
  to.key("instances").begin_list();
  for (const auto& [id, instance] : endpoint.instances) write(to, instance, settings.hold);
  to.end_list().end_object();
}

std::string Registry::row_text(const EndpointId& id) const {
  std::string text;
  const auto now = clock_.steady();
  with(id, [&](Endpoint& endpoint) {
    endpoint.each_circuit([now](Circuit& circuit, const InstanceId*) { circuit.life.expire(now); });
    text.reserve(kUsualRow);
    JsonWriter writer(text);
    write(writer, endpoint, now);
  });
  return text;
}

std::string Registry::target_text(const EndpointId& id) const {
  std::string text;
  const auto now = clock_.steady();
  with(id, [&](Endpoint& endpoint) {
    JsonWriter writer(text);
    writer.begin_object();
    writer.text("id", endpoint.record.id.text);
    writer.text("name", endpoint.record.name);
    writer.text("state", to_string(endpoint.state(now)));
    write_time(writer, "last-seen", last_seen_of(endpoint, now));
    writer.key("labels").texts(endpoint.record.labels);
    writer.end_object();
  });
  return text;
}

json Registry::describe(const EndpointId& id, bool whole) const {
  const auto row = row_text(id);
  if (row.empty()) return nullptr;
  auto view = json::parse(row);
  if (!whole) return view;
  view["sessions"] = json::array();
  view["settings"] = json::object();
  with(id, [&](Endpoint& endpoint) {
    for (const auto& [session_id, session] : endpoint.sessions)
      view["sessions"].push_back(describe_briefly(*session));
    view["settings"] = endpoint.record.settings;
  });
  return view;
}

// What a follower sees of an endpoint, in one number: another one when something of it changed. It
// need not be the same in another run of edged.
std::uint64_t Registry::mark_of(const Endpoint& endpoint, SteadyTime now) const {
  std::uint64_t mark = 0;
  const auto add = [&mark](std::size_t value) {
    mark = (mark ^ value) * 0x9E3779B97F4A7C15ULL + (mark >> 29U);
  };
  const auto add_text = [&add](const std::string& text) { add(std::hash<std::string>{}(text)); };
  const auto add_circuit = [&](const Circuit& circuit) {
    add(static_cast<std::size_t>(circuit.life.state()));
    add(static_cast<std::size_t>(circuit.life.reason()));
    add(circuit.tunnel ? std::hash<TunnelId>{}(circuit.tunnel->id()) : 0);
  };
  add_text(endpoint.record.name);
  add(static_cast<std::size_t>(endpoint.state(now)));
  add(endpoint.record.edge_id_hash.has_value() ? 1 : 2);
  add(static_cast<std::size_t>(endpoint.settings.interval.count()));
  add(static_cast<std::size_t>(endpoint.settings.hold.count()));
  for (const auto& [key, value] : endpoint.record.labels) {
    add_text(key);
    add_text(value);
  }
  add_circuit(endpoint.circuit);
  for (const auto& [id, instance] : endpoint.instances) {
    add_text(id.text);
    add_text(instance.record.version);
    add_text(instance.record.address);
    add_text(instance.failure);
    add(instance.hold_in_use ? static_cast<std::size_t>(instance.hold_in_use->count()) + 1 : 0);
    if (instance.circuit) add_circuit(*instance.circuit);
  }
  return mark;
}

std::vector<Registry::Mark> Registry::marks(std::size_t part,
                                            const std::optional<fleet::Selector>& selector) const {
  std::vector<Mark> found;
  const auto now = clock_.steady();
  each_of(part, [&](const Endpoint& endpoint) {
    if (selector && !selector->matches(endpoint.record.labels)) return;
    const auto seen = endpoint.has_tunnel() ? now : endpoint.seen.value_or(SteadyTime{});
    found.push_back({endpoint.record.id, mark_of(endpoint, now), seen});
  });
  return found;
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
