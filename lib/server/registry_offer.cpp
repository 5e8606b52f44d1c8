// The registry's part for offers: who may open a tunnel now, and with which credentials.
#include "base/encoding.hpp"
#include "crypto/keys.hpp"
#include "crypto/random.hpp"
#include "server/registry.hpp"

namespace edge::server {

bool Registry::take_slot(const TunnelId& tunnel, SteadyTime until) {
  const std::lock_guard lock(credentials_mutex_);
  return slots_.take(tunnel, until, clock_.steady());
}

void Registry::drop_credential(Circuit& circuit) {
  if (!circuit.credential) return;
  const std::lock_guard lock(credentials_mutex_);
  credentials_.erase(circuit.credential->tunnel);
  slots_.give(circuit.credential->tunnel);
  circuit.credential.reset();
}

void Registry::give_slot(const TunnelId& tunnel) {
  const std::lock_guard lock(credentials_mutex_);
  slots_.give(tunnel);
}

// Whoever checks in has no tunnel, whatever we believe. What was live on it is wanted back.
void Registry::lose_tunnel(Endpoint& endpoint, const InstanceId& instance) {
  const auto now = clock_.steady();
  bool lost = false;
  const auto found = endpoint.instances.find(instance);
  auto* own = found == endpoint.instances.end() ? nullptr : found->second.circuit.get();
  for (auto* circuit : {&endpoint.circuit, own}) {
    if (!circuit || !circuit->tunnel || circuit->tunnel->instance() != instance) continue;
    circuit->life.asked_anew(instance, endpoint.has_sessions_on(instance), now);
    if (circuit->has_tunnel()) continue;
    circuit->tunnel->end(fleet::Reason::lost);
    circuit->tunnel.reset();
    lost = true;
  }
  if (lost) endpoint.settle(fleet::Reason::lost, now);
}

// The answer "yes, connect with these credentials", if this instance wins: the endpoint's circuit
// first, then its own.
Registry::Offered Registry::make_offer(Endpoint& endpoint, const InstanceId& id,
                                       const Instance& instance, wire::Offer& offer) {
  auto* own = instance.circuit.get();
  // Nothing random is made for the thousands that are not needed.
  const bool own_asks = own && own->is_asked_for();
  if (!endpoint.circuit.is_asked_for() && !own_asks) return Offered::no;
  lose_tunnel(endpoint, id);
  const auto offered = make_offer(endpoint, endpoint.circuit, id, offer);
  return offered == Offered::no && own ? make_offer(endpoint, *own, id, offer) : offered;
}

Registry::Offered Registry::make_offer(Endpoint& endpoint, Circuit& circuit,
                                       const InstanceId& instance, wire::Offer& offer) {
  if (!circuit.is_asked_for()) return Offered::no;
  const auto now = clock_.steady();
  const auto tunnel = crypto::new_tunnel_id();
  // Who asks again has a slot already: its last answer was lost.
  if (circuit.credential && circuit.credential->instance == instance)
    give_slot(circuit.credential->tunnel);
  const bool slot = take_slot(tunnel, now + endpoint.settings.tunnel_open_deadline);
  const bool wins = slot && circuit.life.ask(instance, tunnel, now);
  if (!wins) {
    if (slot) give_slot(tunnel);
    return !slot && circuit.life.needed(now) ? Offered::later : Offered::no;
  }
  drop_credential(circuit);
  circuit.credential = seal_offer(endpoint, instance, tunnel, offer);
  const std::lock_guard lock(credentials_mutex_);
  credentials_[tunnel] = endpoint.record.id;
  return Offered::yes;
}

// Fresh credentials for the tunnel, and what the tunnel port will want to see of them.
Credential Registry::seal_offer(const Endpoint& endpoint, const InstanceId& instance,
                                const TunnelId& tunnel, wire::Offer& offer) const {
  const auto& settings = endpoint.settings;
  offer.tunnel = tunnel;
  offer.address = tunnel_address_;
  offer.forward_name = kForwardName;
  offer.forward_port = kForwardPort;
  offer.lifetime = settings.credentials_lifetime;
  offer.expires = clock_.wall() + settings.credentials_lifetime;
  // The agent closes by itself a tenth later than edged would (5:30 for 5:00), even if edged is
  // gone.
  offer.idle = settings.tunnel_idle + settings.tunnel_idle / 10;
  offer.probe = settings.tunnel_probe;
  const auto password = to_base64url(crypto::random_bytes(32));
  offer.sealed = crypto::seal(endpoint.seal_key, password,
                              wire::offer_associated_data(endpoint.record.id, instance, offer));
  return {tunnel, instance, crypto::sha256(password),
          clock_.steady() + settings.credentials_lifetime};
}

}  // namespace edge::server
