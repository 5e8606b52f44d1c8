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
    const auto& credential = endpoint.credential;
    if (!credential || credential->tunnel != user || clock_.steady() >= credential->expires) return;
    if (!equal_in_constant_time(credential->password_hash, crypto::sha256(password))) return;
    caller = Caller{id, credential->instance, endpoint.record.generation};
    endpoint.credential.reset();
    const std::lock_guard lock(credentials_mutex_);
    credentials_.erase(user);
    slots_.give(user);
  });
  return caller;
}

bool Registry::tunnel_opened(const Caller& caller, std::shared_ptr<TunnelHandle> tunnel) {
  bool accepted = false;
  with(caller.endpoint, [&](Endpoint& endpoint) {
    // Disassociated, or given a new token, since it logged in: not ours any more.
    if (endpoint.record.generation != caller.generation ||
        endpoint.instances.count(caller.instance) == 0) {
      endpoint.life.closed(tunnel->id(), fleet::Reason::endpoint_removed, false, clock_.steady());
      return;
    }
    auto old = endpoint.tunnel;
    // First the handle: whoever the change of state wakes must find it.
    endpoint.tunnel = tunnel;
    accepted = endpoint.life.opened(tunnel->id(), clock_.steady());
    if (!accepted) {
      endpoint.tunnel = old;
      return;
    }
    if (old) old->end(fleet::Reason::replaced);
    endpoint.seen = clock_.steady();
    const auto instance = endpoint.instances.find(caller.instance);
    if (instance == endpoint.instances.end()) return;
    instance->second.failure.clear();
    instance->second.failure_detail.clear();
  });
  return accepted;
}

bool Registry::tunnel_closing(const EndpointId& id, const TunnelId& tunnel) {
  bool agreed = false;
  with(id, [&](Endpoint& endpoint) { agreed = endpoint.life.closing(tunnel, clock_.steady()); });
  return agreed;
}

void Registry::tunnel_closed(const EndpointId& id, const TunnelId& tunnel, fleet::Reason reason) {
  with(id, [&](Endpoint& endpoint) {
    const bool current = endpoint.tunnel && endpoint.tunnel->id() == tunnel;
    if (current) endpoint.tunnel.reset();
    const bool live = current && !endpoint.sessions.empty();
    const auto instance = endpoint.instances.find(endpoint.life.lease().winner);
    if (instance != endpoint.instances.end() && current) {
      // An open tunnel is a sign of life until its end.
      endpoint.seen = clock_.steady();
      instance->second.seen_at(clock_.wall());
    }
    endpoint.life.closed(tunnel, reason, live && reason == fleet::Reason::lost, clock_.steady());
  });
}

void Registry::raise(const EndpointId& id) {
  with(id, [&](Endpoint& endpoint) { endpoint.life.raise(clock_.steady()); });
}

void Registry::lower(const EndpointId& id) {
  with(id, [&](Endpoint& endpoint) { endpoint.life.lower(clock_.steady()); });
}

void Registry::watch(const EndpointId& id, const std::shared_ptr<net::Notify>& bell) {
  with(id, [&](Endpoint& endpoint) {
    std::erase_if(endpoint.watchers, [](auto& weak) { return weak.expired(); });
    endpoint.watchers.push_back(bell);
  });
}

Registry::Waiting Registry::waiting(const EndpointId& id) const {
  Waiting answer;
  const auto now = clock_.steady();
  with(id, [&](Endpoint& endpoint) {
    answer.exists = true;
    endpoint.life.expire(now);
    const auto& settings = endpoint.settings;
    answer.tunnel_state = endpoint.life.state();
    const bool open = answer.tunnel_state == fleet::TunnelState::open;
    answer.state = endpoint.state(now);
    if (open) answer.tunnel = endpoint.tunnel;
    answer.reason = to_string(endpoint.life.reason());
    for (const auto& [instance_id, instance] : endpoint.instances) {
      if (!instance.failure.empty()) answer.detail = instance.failure_detail;
      if (!instance.record.address.empty()) answer.address = instance.record.address;
    }
    if (endpoint.seen) {
      const auto age = std::chrono::duration_cast<milliseconds>(now - *endpoint.seen);
      answer.last_seen_text =
          format_age(age) + " ago (" + format_rfc3339(wall_of(*endpoint.seen)) + ")";
    }
    answer.patience =
        2 * std::max(settings.interval, settings.hold) + 2 * settings.tunnel_open_deadline;
  });
  return answer;
}

void Registry::add_session(const std::shared_ptr<LiveSession>& session) {
  with(session->endpoint, [&](Endpoint& endpoint) { endpoint.sessions[session->id] = session; });
}

void Registry::remove_session(const LiveSession& session) {
  with(session.endpoint, [&](Endpoint& endpoint) { endpoint.sessions.erase(session.id); });
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
    if (endpoint.tunnel) all.push_back(endpoint.tunnel);
  });
  return all;
}

void Registry::end_all_holds() {
  each([](Endpoint& endpoint) { endpoint.wake_holds(); });
}

void Registry::let_go() {
  std::vector<std::shared_ptr<TunnelHandle>> last;  // their end must not run under a lock
  each([&last](Endpoint& endpoint) {
    if (endpoint.tunnel) last.push_back(std::move(endpoint.tunnel));
    endpoint.watchers.clear();
    for (auto& [id, instance] : endpoint.instances) instance.hold.reset();
  });
}

}  // namespace edge::server
