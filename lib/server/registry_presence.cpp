// The registry's part for who asks whether endpoints are there, and when they will be heard again.
#include "server/registry.hpp"

namespace edge::server {

using nlohmann::json;

std::optional<Registry::Presence> Registry::presence(const EndpointId& id) const {
  std::optional<Presence> found;
  const auto now = clock_.steady();
  with(id, [&](Endpoint& endpoint) {
    found.emplace();
    found->state = endpoint.state(now);
    found->has_open_tunnel = endpoint.open_tunnel({}) != nullptr;
  });
  return found;
}

json Registry::describe_presence(const EndpointId& id) const {
  json view;
  const auto now = clock_.steady();
  with(id, [&](Endpoint& endpoint) {
    const auto& seen = endpoint.seen;
    const bool is_open = endpoint.open_tunnel({}) != nullptr;
    view = {
        {"id", id.text},
        {"name", endpoint.record.name},
        {"state", to_string(endpoint.state(now))},
        {"tunnel", to_string(is_open ? fleet::TunnelState::open : endpoint.circuit.life.state())},
        {"last-seen", seen ? json(format_rfc3339(wall_of(endpoint.has_tunnel() ? now : *seen)))
                           : json(nullptr)}};
  });
  return view;
}

json Registry::describe_check_ins(const EndpointId& id) const {
  json view;
  const auto now = clock_.steady();
  with(id, [&](Endpoint& endpoint) {
    fleet::CheckIns known;
    bool has_tunnel = false;
    const auto state = endpoint.state(now);
    for (const auto& [instance_id, instance] : endpoint.instances) {
      // Who is gone for good is not expected while others are there.
      if (endpoint.state_of(instance_id, instance, now) != state) continue;
      const bool here = endpoint.has_tunnel_to(instance_id);
      has_tunnel = has_tunnel || here;
      fleet::add_instance(known, instance.checked_in ? instance.checked_in : instance.seen,
                          instance.hold != nullptr, here, endpoint.settings.interval, now);
    }
    const auto in_ms = [](const std::optional<milliseconds>& time) {
      return time ? json(time->count()) : json(nullptr);
    };
    view = {{"state", to_string(state)},
            {"age-ms", in_ms(known.age)},
            {"next-in-ms", in_ms(known.next_in)},
            {"held", known.held},
            {"tunnel", has_tunnel}};
  });
  return view;
}

}  // namespace edge::server
