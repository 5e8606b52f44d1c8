// An endpoint's circuits: which tunnel meets whose demand.
#include <algorithm>

#include "base/log.hpp"
#include "server/endpoint.hpp"

namespace edge::server {

Endpoint::Endpoint(store::EndpointRecord loaded)
    : record(std::move(loaded)),
      circuit({}, [this](fleet::TunnelState from, fleet::TunnelState to, fleet::Reason reason) {
        changed(circuit, {}, from, to, reason);
      }) {}

void Endpoint::resolve(config::FleetSettings resolved) {
  settings = std::move(resolved);
  const fleet::LifeLimits limits{settings.tunnel_open_deadline, fleet::LifeLimits{}.reopen_for};
  each_circuit([&](Circuit& each, const InstanceId*) { each.life.set_limits(limits); });
  if (session_limit) session_limit->set(settings.session_bandwidth);
}

Circuit& Endpoint::circuit_of(const InstanceId& id, Instance& instance) {
  if (!instance.circuit) {
    const fleet::LifeLimits limits{settings.tunnel_open_deadline, fleet::LifeLimits{}.reopen_for};
    auto on_change = [this, id](fleet::TunnelState from, fleet::TunnelState to,
                                fleet::Reason reason) {
      changed(*instances.at(id).circuit, id, from, to, reason);
    };
    instance.circuit = std::make_unique<Circuit>(limits, on_change);
  }
  return *instance.circuit;
}

void Endpoint::changed(const Circuit& which, const InstanceId& whose, fleet::TunnelState from,
                       fleet::TunnelState to, fleet::Reason reason) {
  log::info("tunnel.state", {{"endpoint", record.name},
                             {"id", record.id},
                             {"from", to_string(from)},
                             {"to", to_string(to)},
                             {"reason", to_string(reason)},
                             {"instance", which.life.lease().winner},
                             {"tunnel", which.life.lease().tunnel},
                             {"wanted", whose.empty() ? "any" : whose.text}});
  wake_watchers();
  if (to != fleet::TunnelState::required) return;
  if (whose.empty()) return wake_holds();
  if (const auto& hold = instances.at(whose).hold) hold->ring();
}

bool Endpoint::has_tunnel_to(const InstanceId& id) const {
  const auto is_to = [&id](const Circuit& each) {
    return each.has_tunnel() && each.life.lease().winner == id;
  };
  const auto found = instances.find(id);
  const bool own = found != instances.end() && found->second.circuit;
  return is_to(circuit) || (own && is_to(*found->second.circuit));
}

bool Endpoint::has_sessions_on(const InstanceId& id) const {
  return std::any_of(sessions.begin(), sessions.end(),
                     [&id](const auto& entry) { return entry.second->instance == id; });
}

Circuit* Endpoint::circuit_with(const TunnelId& tunnel) {
  Circuit* found = nullptr;
  each_circuit([&](Circuit& each, const InstanceId*) {
    if (each.life.lease().tunnel == tunnel) found = &each;
  });
  return found;
}

Circuit* Endpoint::circuit_opened_by(const TunnelId& user) {
  Circuit* found = nullptr;
  each_circuit([&](Circuit& each, const InstanceId*) {
    if (each.credential && each.credential->tunnel == user) found = &each;
  });
  return found;
}

std::shared_ptr<TunnelHandle> Endpoint::open_tunnel(const std::optional<InstanceId>& wanted) const {
  const auto meets = [&wanted](const Circuit& each) {
    return each.is_open() && (!wanted || each.tunnel->instance() == *wanted);
  };
  if (meets(circuit)) return circuit.tunnel;
  for (const auto& [id, instance] : instances) {
    if (instance.circuit && meets(*instance.circuit)) return instance.circuit->tunnel;
  }
  return nullptr;
}

bool Endpoint::is_needed_elsewhere(const Circuit& which) {
  if (!which.is_open()) return false;
  bool needed = false;
  each_circuit([&](Circuit& other, const InstanceId* whose) {
    if (&other == &which || other.is_open() || other.life.demand() == 0) return;
    bool others_meet = false;
    each_circuit([&](Circuit& third, const InstanceId*) {
      if (&third == &which || !third.is_open()) return;
      others_meet = others_meet || !whose || third.tunnel->instance() == *whose;
    });
    const bool meets = !whose || which.tunnel->instance() == *whose;
    needed = needed || (meets && !others_meet);
  });
  return needed;
}

void Endpoint::settle(fleet::Reason reason, SteadyTime now) {
  each_circuit([&](Circuit& one, const InstanceId* whose) {
    bool met = false;
    each_circuit([&](Circuit& other, const InstanceId*) {
      if (&other == &one || !other.is_open()) return;
      if (whose && other.tunnel->instance() != *whose) return;
      one.life.met(other.tunnel->instance(), now);
      met = true;
    });
    if (!met) one.life.unmet(reason, now);
  });
}

}  // namespace edge::server
