// The registry's part for operators who wait: what an endpoint, or one instance of it, is at.
#include <vector>

#include "fleet/instance_name.hpp"
#include "server/registry.hpp"

namespace edge::server {
namespace {

void tell_instance(const Instance& instance, Registry::Waiting& answer) {
  if (!instance.failure.empty()) answer.detail = instance.failure_detail;
  if (!instance.record.address.empty()) answer.address = instance.record.address;
}

void tell_life(const fleet::TunnelLife& life, Registry::Waiting& answer) {
  answer.tunnel_state = life.state();
  answer.reason = to_string(life.reason());
}

}  // namespace

Result<InstanceId> Registry::find_instance(const EndpointId& id, const std::string& name) const {
  std::vector<fleet::NamedInstance> known;
  std::string of;
  with(id, [&](Endpoint& endpoint) {
    of = endpoint.record.name;
    for (const auto& [instance_id, instance] : endpoint.instances)
      known.push_back({instance_id, instance.record.host_name});
  });
  return fleet::find_instance(name, known, of);
}

Registry::Waiting Registry::waiting(const EndpointId& id,
                                    const std::optional<InstanceId>& wanted) const {
  Waiting answer;
  const auto now = clock_.steady();
  with(id, [&](Endpoint& endpoint) {
    const auto found = wanted ? endpoint.instances.find(*wanted) : endpoint.instances.end();
    if (wanted && found == endpoint.instances.end()) return;
    answer.exists = true;
    endpoint.each_circuit([now](Circuit& circuit, const InstanceId*) { circuit.life.expire(now); });
    const auto& settings = endpoint.settings;
    answer.tunnel = endpoint.open_tunnel(wanted);
    auto seen = endpoint.seen;
    if (!wanted) {
      tell_life(endpoint.circuit.life, answer);
      answer.state = endpoint.state(now);
      for (const auto& [instance_id, instance] : endpoint.instances)
        tell_instance(instance, answer);
    } else {
      const auto& instance = found->second;
      // On its way in the endpoint's circuit it does not come for its own.
      const bool at_it = endpoint.circuit.is_asked_for() &&
                         endpoint.circuit.life.state() != fleet::TunnelState::required &&
                         endpoint.circuit.life.lease().winner == *wanted;
      if (at_it || instance.circuit)
        tell_life(at_it ? endpoint.circuit.life : instance.circuit->life, answer);
      answer.state = endpoint.state_of(*wanted, instance, now);
      tell_instance(instance, answer);
      seen = instance.seen;
    }
    if (answer.tunnel) answer.tunnel_state = fleet::TunnelState::open;
    if (seen) {
      const auto age = std::chrono::duration_cast<milliseconds>(now - *seen);
      answer.last_seen_text = format_age(age) + " ago (" + format_rfc3339(wall_of(*seen)) + ")";
    }
    answer.patience =
        2 * std::max(settings.interval, settings.hold) + 2 * settings.tunnel_open_deadline;
  });
  return answer;
}

}  // namespace edge::server
