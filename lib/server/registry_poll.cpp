// The registry's part for the poll port: who calls, and whether the caller is needed.
#include "base/encoding.hpp"
#include "base/log.hpp"
#include "crypto/keys.hpp"
#include "crypto/random.hpp"
#include "server/registry.hpp"

namespace edge::server {
namespace {
constexpr std::chrono::hours kTicketLife{1};
constexpr std::size_t kTicketBytes = 16;
}  // namespace

boost::system::result<Caller, Refusal> Registry::authenticate(const wire::Authorization& claim,
                                                              std::string_view method,
                                                              std::string_view path,
                                                              std::uint64_t connection) {
  return claim.mac ? by_mac(*claim.mac, method, path, connection) : by_ticket(claim.ticket);
}

boost::system::result<Caller, Refusal> Registry::by_ticket(const std::string& ticket) {
  const auto bytes = from_base64url(ticket);
  if (!bytes) return Refusal::unauthorized;
  Caller caller;
  {
    const std::lock_guard lock(tickets_mutex_);
    const auto found = tickets_.find(crypto::sha256(*bytes));
    if (found == tickets_.end() || clock_.steady() >= found->second.expires)
      return Refusal::unauthorized;
    caller = found->second.caller;
  }
  bool valid = false;
  with(caller.endpoint, [&](Endpoint& endpoint) {
    valid = endpoint.record.generation == caller.generation &&
            endpoint.instances.count(caller.instance) != 0;
  });
  if (!valid) return Refusal::unauthorized;
  return caller;
}

boost::system::result<Caller, Refusal> Registry::by_mac(const wire::MacAuthorization& claim,
                                                        std::string_view method,
                                                        std::string_view path,
                                                        std::uint64_t connection) {
  boost::system::result<Caller, Refusal> answer = Refusal::unauthorized;
  const bool known = with(claim.endpoint, [&](Endpoint& endpoint) {
    const auto instance = endpoint.instances.find(claim.instance);
    if (endpoint.mac_key.empty() || instance == endpoint.instances.end()) return;
    const auto expected = crypto::check_in_mac(endpoint.mac_key, method, path, claim.rest);
    if (!equal_in_constant_time(expected, claim.mac)) return;
    if (!instance->second.counter.accept(claim.counter)) {
      if (instance->second.guard.knows(connection)) answer = Refusal::clone;
      return;
    }
    answer = Caller{claim.endpoint, claim.instance, endpoint.record.generation};
  });
  if (known) return answer;
  const std::shared_lock lock(names_mutex_);
  const auto tombstone = tombstones_.find(claim.endpoint);
  if (tombstone == tombstones_.end() || tombstone->second.key.empty()) return Refusal::unauthorized;
  const auto key = crypto::derive_purpose_key(tombstone->second.key, "mac");
  const auto expected = crypto::check_in_mac(key, method, path, claim.rest);
  return equal_in_constant_time(expected, claim.mac) ? Refusal::removed : Refusal::unauthorized;
}

std::string Registry::new_ticket(const Caller& caller) {
  const auto ticket = crypto::random_bytes(kTicketBytes);
  const auto hash = crypto::sha256(ticket);
  std::string old;
  bool valid = false;
  with(caller.endpoint, [&](Endpoint& endpoint) {
    const auto instance = endpoint.instances.find(caller.instance);
    if (instance == endpoint.instances.end()) return;
    old = std::exchange(instance->second.ticket, hash);
    valid = true;
  });
  if (!valid) return {};
  const std::lock_guard lock(tickets_mutex_);
  tickets_.erase(old);  // one per instance: the table cannot grow beyond the fleet
  tickets_[hash] = Ticket{caller, clock_.steady() + kTicketLife};
  return to_base64url(ticket);
}

bool Registry::connection_is_its_own(const Caller& caller, std::uint64_t connection, bool& first) {
  bool own = true;
  first = false;
  with(caller.endpoint, [&](Endpoint& endpoint) {
    const auto instance = endpoint.instances.find(caller.instance);
    if (instance == endpoint.instances.end()) return;
    own = instance->second.guard.accept(connection, first);
    // Told at once, not after its hold: the other one's check-in is answered, and its next one is
    // refused.
    if (!own && instance->second.hold) instance->second.hold->ring();
  });
  return own;
}

bool Registry::is_marked(const Caller& caller, std::uint64_t connection) const {
  bool marked = false;
  with(caller.endpoint, [&](Endpoint& endpoint) {
    const auto instance = endpoint.instances.find(caller.instance);
    marked = instance != endpoint.instances.end() && instance->second.guard.is_marked(connection);
  });
  return marked;
}

void Registry::connection_closed(const Caller& caller, std::uint64_t connection) {
  with(caller.endpoint, [&](Endpoint& endpoint) {
    const auto instance = endpoint.instances.find(caller.instance);
    if (instance != endpoint.instances.end()) instance->second.guard.closed(connection);
  });
}

CheckInAnswer Registry::check_in(const Caller& caller, const std::string& address,
                                 const std::shared_ptr<net::Notify>& hold) {
  CheckInAnswer answer;
  check_ins_.fetch_add(1, std::memory_order_relaxed);
  const auto now = clock_.steady();
  with(caller.endpoint, [&](Endpoint& endpoint) {
    const auto found = endpoint.instances.find(caller.instance);
    if (found == endpoint.instances.end()) return;
    auto& instance = found->second;
    const bool was_offline =
        fleet::endpoint_state(
            endpoint.seen, false,
            fleet::silence_allowed(endpoint.settings.interval, endpoint.settings.hold),
            now) != fleet::EndpointState::online;
    endpoint.seen = now;
    instance.record.last_seen = clock_.wall();
    if (instance.record.address != address) instance.record.address = address;
    instance.unsaved = true;
    answer.pace = {endpoint.settings.interval, endpoint.settings.hold};
    if (make_offer(endpoint, caller.instance, answer.offer)) {
      answer.kind = CheckInAnswer::Kind::connect;
      if (instance.hold && instance.hold != hold) instance.hold->ring();
      instance.hold.reset();
    } else if (!hold) {
      // A plain one overtakes a held one, too.
      if (instance.hold) instance.hold->ring();
      instance.hold.reset();
    } else {
      if (instance.hold && instance.hold != hold) instance.hold->ring();  // the newest wins
      instance.hold = hold;
      answer.kind = CheckInAnswer::Kind::hold;
      const auto deadline = endpoint.life.next_deadline();
      answer.recheck =
          deadline ? std::max(milliseconds{1}, std::chrono::ceil<milliseconds>(*deadline - now))
                   : milliseconds::max();
    }
    if (was_offline) endpoint.wake_watchers();
  });
  return answer;
}

// The answer "yes, connect with these credentials", if this instance wins.
bool Registry::make_offer(Endpoint& endpoint, const InstanceId& instance, wire::Offer& offer) {
  const auto now = clock_.steady();
  const auto state = endpoint.life.state();
  // Nothing random is made for the thousands that are not needed.
  if (state == fleet::TunnelState::idle || state == fleet::TunnelState::failed) return false;
  const auto tunnel = crypto::new_tunnel_id();
  auto old_tunnel = endpoint.tunnel;
  const bool wins = endpoint.life.ask(instance, tunnel, now);
  const auto after = endpoint.life.state();
  if (old_tunnel && after != fleet::TunnelState::open && after != fleet::TunnelState::closing) {
    endpoint.tunnel.reset();
    old_tunnel->end(fleet::Reason::lost);  // its agent says that it is gone
  }
  if (!wins) return false;

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
  const std::lock_guard lock(credentials_mutex_);
  if (endpoint.credential) credentials_.erase(endpoint.credential->tunnel);
  endpoint.credential =
      Credential{tunnel, instance, crypto::sha256(password), now + settings.credentials_lifetime};
  credentials_[tunnel] = endpoint.record.id;
  return true;
}

bool Registry::holds(const Caller& caller, const std::shared_ptr<net::Notify>& hold) const {
  bool current = false;
  with(caller.endpoint, [&](Endpoint& endpoint) {
    const auto instance = endpoint.instances.find(caller.instance);
    current = instance != endpoint.instances.end() && instance->second.hold == hold;
  });
  return current;
}

void Registry::end_hold(const Caller& caller, const std::shared_ptr<net::Notify>& hold) {
  with(caller.endpoint, [&](Endpoint& endpoint) {
    const auto instance = endpoint.instances.find(caller.instance);
    if (instance != endpoint.instances.end() && instance->second.hold == hold)
      instance->second.hold.reset();
  });
}

bool Registry::agent_reported(const Caller& caller, const wire::AgentReport& report) {
  bool changed = false;
  auto take = [&changed](const std::optional<std::string>& from, std::string& into) {
    if (!from || *from == into) return;
    into = *from;
    changed = true;
  };
  with(caller.endpoint, [&](Endpoint& endpoint) {
    const auto found = endpoint.instances.find(caller.instance);
    if (found == endpoint.instances.end()) return;
    auto& instance = found->second;
    take(report.version, instance.record.version);
    take(report.platform, instance.record.platform);
    take(report.host_name, instance.record.host_name);
    if (!report.tunnel_failure) return;
    instance.failure = *report.tunnel_failure;
    instance.failure_detail = report.tunnel_detail.value_or("");
    const auto reason = fleet::reason_from_string(instance.failure);
    if (!reason || *reason == fleet::Reason::none) return;
    endpoint.life.open_failed(caller.instance, *reason, clock_.steady());
    endpoint.wake_watchers();
  });
  return changed;
}

std::optional<store::InstanceRecord> Registry::instance(const Caller& caller) const {
  std::optional<store::InstanceRecord> record;
  with(caller.endpoint, [&](Endpoint& endpoint) {
    const auto found = endpoint.instances.find(caller.instance);
    if (found != endpoint.instances.end()) record = found->second.record;
  });
  return record;
}

wire::Pace Registry::pace(const EndpointId& endpoint) const {
  const auto settings = settings_of(endpoint);
  return {settings.interval, settings.hold};
}

std::optional<fleet::AssociationState> Registry::association_state(const EndpointId& id) const {
  std::optional<fleet::AssociationState> state;
  with(id, [&](Endpoint& endpoint) {
    state.emplace();
    state->token_hash = endpoint.record.token_hash;
    state->generation = endpoint.record.generation;
    state->token_expires = endpoint.record.token_expires;
    state->edge_id_hash = endpoint.record.edge_id_hash;
    for (const auto& [instance_id, instance] : endpoint.instances) {
      state->host_keys[instance_id] = instance.record.host_key;
    }
  });
  return state;
}

void Registry::apply_association(const EndpointId& id, const std::string& edge_id_hash,
                                 const Secret& key, const store::InstanceRecord& instance) {
  with(id, [&](Endpoint& endpoint) {
    endpoint.record.edge_id_hash = edge_id_hash;
    apply_key(endpoint, key);
    endpoint.instances[instance.id].record = instance;
    endpoint.seen = clock_.steady();
    endpoint.wake_watchers();
  });
}

}  // namespace edge::server
