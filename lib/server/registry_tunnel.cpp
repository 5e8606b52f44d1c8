// The registry's part for the tunnel port and for operators who wait for a tunnel.
#include "base/log.hpp"
#include "crypto/keys.hpp"
#include "server/registry.hpp"

namespace edge::server {

std::optional<Caller> Registry::consume(const TunnelId& user, const std::string& password) {
  EndpointId id;
  {
    const std::lock_guard lock(credentials_mutex_);
    const auto found = credentials_.find(user);
    if (found == credentials_.end()) return std::nullopt;
    id = found->second;
  }
  std::optional<Caller> caller;
  with(id, [&](Endpoint& endpoint) {
    auto* circuit = endpoint.circuit_opened_by(user);
    if (!circuit || clock_.steady() >= circuit->credential->expires) return;
    const auto& credential = *circuit->credential;
    if (!equal_in_constant_time(credential.password_hash, crypto::sha256(password))) return;
    caller = Caller{id, credential.instance, endpoint.record.generation};
    drop_credential(*circuit);
  });
  return caller;
}

bool Registry::tunnel_opened(const Caller& caller, std::shared_ptr<TunnelHandle> tunnel) {
  bool accepted = false;
  with(caller.endpoint, [&](Endpoint& endpoint) {
    const auto now = clock_.steady();
    auto* circuit = endpoint.circuit_with(tunnel->id());
    if (!circuit) return;
    const auto instance = endpoint.instances.find(caller.instance);
    // Disassociated, or given a new token, since it logged in: not ours any more.
    if (endpoint.record.generation != caller.generation || instance == endpoint.instances.end()) {
      circuit->life.closed(tunnel->id(), fleet::Reason::endpoint_removed, false, now);
      return;
    }
    auto old = circuit->tunnel;
    // First the handle: whoever the change of state wakes must find it.
    circuit->tunnel = tunnel;
    accepted = circuit->life.opened(tunnel->id(), now);
    if (!accepted) {
      circuit->tunnel = old;
      return;
    }
    if (old) old->end(fleet::Reason::replaced);
    endpoint.settle(fleet::Reason::replaced, now);
    endpoint.seen = instance->second.seen = now;
    instance->second.failure.clear();
    instance->second.failure_detail.clear();
  });
  return accepted;
}

bool Registry::tunnel_closing(const EndpointId& id, const TunnelId& tunnel) {
  bool agreed = false;
  with(id, [&](Endpoint& endpoint) {
    auto* circuit = endpoint.circuit_with(tunnel);
    if (!circuit || endpoint.is_needed_elsewhere(*circuit)) return;
    agreed = circuit->life.closing(tunnel, clock_.steady());
  });
  return agreed;
}

void Registry::tunnel_closed(const EndpointId& id, const TunnelId& tunnel, fleet::Reason reason) {
  with(id, [&](Endpoint& endpoint) {
    auto* circuit = endpoint.circuit_with(tunnel);
    if (!circuit) return;
    const auto now = clock_.steady();
    const auto winner = circuit->life.lease().winner;
    const bool current = circuit->tunnel && circuit->tunnel->id() == tunnel;
    if (current) circuit->tunnel.reset();
    const bool live = current && endpoint.has_sessions_on(winner);
    const auto instance = endpoint.instances.find(winner);
    if (instance != endpoint.instances.end() && current) {
      // An open tunnel is a sign of life until its end.
      endpoint.seen = now;
      instance->second.seen_at(clock_.wall(), now);
    }
    circuit->life.closed(tunnel, reason, live && reason == fleet::Reason::lost, now);
    if (reason != fleet::Reason::shutdown) endpoint.settle(reason, now);
  });
}

// Null: an instance that is not there (any more).
Circuit* Registry::wanted_circuit(Endpoint& endpoint, const std::optional<InstanceId>& instance) {
  if (!instance) return &endpoint.circuit;
  const auto found = endpoint.instances.find(*instance);
  if (found == endpoint.instances.end()) return nullptr;
  return &endpoint.circuit_of(found->first, found->second);
}

void Registry::raise(const EndpointId& id, const std::optional<InstanceId>& instance) {
  with(id, [&](Endpoint& endpoint) {
    auto* circuit = wanted_circuit(endpoint, instance);
    if (!circuit) return;
    circuit->life.raise(clock_.steady(), endpoint.open_tunnel(instance) != nullptr);
  });
}

void Registry::lower(const EndpointId& id, const std::optional<InstanceId>& instance) {
  with(id, [&](Endpoint& endpoint) {
    if (auto* circuit = wanted_circuit(endpoint, instance)) circuit->life.lower(clock_.steady());
  });
}

void Registry::watch(const EndpointId& id, const std::shared_ptr<net::Notify>& bell) {
  with(id, [&](Endpoint& endpoint) {
    std::erase_if(endpoint.watchers, [](auto& weak) { return weak.expired(); });
    endpoint.watchers.push_back(bell);
  });
}

void Registry::wake(const EndpointId& id) {
  with(id, [](Endpoint& endpoint) { endpoint.wake_watchers(); });
}

std::string Registry::host_key(const EndpointId& id, const InstanceId& instance) const {
  std::string key;
  with(id, [&](Endpoint& endpoint) {
    const auto found = endpoint.instances.find(instance);
    if (found != endpoint.instances.end()) key = found->second.record.host_key;
  });
  return key;
}

std::vector<std::shared_ptr<TunnelHandle>> Registry::tunnels() const {
  std::vector<std::shared_ptr<TunnelHandle>> all;
  each([&](Endpoint& endpoint) {
    endpoint.each_circuit([&all](Circuit& circuit, const InstanceId*) {
      if (circuit.tunnel) all.push_back(circuit.tunnel);
    });
  });
  return all;
}

void Registry::end_all_holds() {
  each([](Endpoint& endpoint) { endpoint.wake_holds(); });
}

void Registry::let_go() {
  std::vector<std::shared_ptr<TunnelHandle>> last;  // their end must not run under a lock
  each([&last](Endpoint& endpoint) {
    endpoint.each_circuit([&last](Circuit& circuit, const InstanceId*) {
      if (circuit.tunnel) last.push_back(std::move(circuit.tunnel));
    });
    endpoint.watchers.clear();
    for (auto& [id, instance] : endpoint.instances) instance.hold.reset();
  });
}

}  // namespace edge::server
