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

void Registry::give_slot(const TunnelId& tunnel) {
  const std::lock_guard lock(credentials_mutex_);
  slots_.give(tunnel);
}

// The answer "yes, connect with these credentials", if this instance wins.
Registry::Offered Registry::make_offer(Endpoint& endpoint, const InstanceId& instance,
                                       wire::Offer& offer) {
  const auto now = clock_.steady();
  const auto state = endpoint.life.state();
  // Nothing random is made for the thousands that are not needed.
  if (state == fleet::TunnelState::idle || state == fleet::TunnelState::failed) return Offered::no;
  const auto tunnel = crypto::new_tunnel_id();
  auto old_tunnel = endpoint.tunnel;
  // Who has the open tunnel does not check in: what was live on it is wanted back.
  const bool live = old_tunnel && !endpoint.sessions.empty();
  endpoint.life.asked_anew(instance, live, now);
  // Who asks again has a slot already: its last answer was lost.
  if (endpoint.credential && endpoint.credential->instance == instance)
    give_slot(endpoint.credential->tunnel);
  const bool slot = take_slot(tunnel, now + endpoint.settings.tunnel_open_deadline);
  const bool wins = slot && endpoint.life.ask(instance, tunnel, now);
  const auto after = endpoint.life.state();
  if (old_tunnel && after != fleet::TunnelState::open && after != fleet::TunnelState::closing) {
    endpoint.tunnel.reset();
    old_tunnel->end(fleet::Reason::lost);  // its agent says that it is gone
  }
  if (!wins) {
    if (slot) give_slot(tunnel);
    return !slot && endpoint.life.needed(now) ? Offered::later : Offered::no;
  }

  const auto credential = seal_offer(endpoint, instance, tunnel, offer);
  const std::lock_guard lock(credentials_mutex_);
  if (endpoint.credential) {
    credentials_.erase(endpoint.credential->tunnel);
    slots_.give(endpoint.credential->tunnel);
  }
  endpoint.credential = credential;
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
