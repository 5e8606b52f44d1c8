// The registry's part for the poll port: who calls, and whether the caller is needed.
#include "base/encoding.hpp"
#include "base/log.hpp"
#include "crypto/keys.hpp"
#include "crypto/random.hpp"
#include "fleet/pace.hpp"
#include "server/registry.hpp"

namespace edge::server {
namespace {
constexpr std::chrono::hours kTicketLife{1};
constexpr std::size_t kTicketBytes = 16;

// Bound to the instance, to the generation of its token, and to an hour.
bool is_ticket_of(const Endpoint& endpoint, const Instance& instance, const Caller& caller,
                  const crypto::Hash& ticket, SteadyTime now) {
  return endpoint.record.generation == caller.generation && now < instance.ticket_expires &&
         instance.ticket == ticket;
}

// When who waits for a handshake's slot looks again; thousands may wait, so not all at once.
milliseconds slot_look() {
  constexpr double kLeast = 100, kMost = 500;
  return milliseconds(
      static_cast<std::int64_t>(kLeast + (kMost - kLeast) * crypto::random_fraction()));
}

// A clone is told at once, not after its hold: the other one's check-in is answered, and its next
// one is refused.
bool is_own(Instance& instance, std::uint64_t connection, bool& first, SteadyTime now) {
  if (connection == 0 || instance.guard.accept(connection, first)) return true;
  instance.cloned_at = now;
  if (instance.hold) instance.hold->ring();
  return false;
}

}  // namespace

boost::system::result<Caller, Refusal> Registry::authenticate(const wire::Authorization& claim,
                                                              std::string_view method,
                                                              std::string_view path,
                                                              std::uint64_t connection) {
  return claim.mac ? by_mac(*claim.mac, method, path, connection) : by_ticket(claim.ticket);
}

boost::system::result<Caller, Refusal> Registry::by_ticket(const std::string& ticket) {
  const auto hash = crypto::hash_of(ticket);
  Caller caller;
  {
    const std::lock_guard lock(tickets_mutex_);
    const auto found = tickets_.find(hash);
    if (found == tickets_.end()) return Refusal::unauthorized;
    caller = found->second;
  }
  bool valid = false;
  with(caller.endpoint, [&](Endpoint& endpoint) {
    const auto instance = endpoint.instances.find(caller.instance);
    valid = instance != endpoint.instances.end() &&
            is_ticket_of(endpoint, instance->second, caller, hash, clock_.steady());
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
    auto& found = instance->second;
    auto& counter = path == kTrialPath ? found.trials.counter : found.counter;
    if (!counter.accept(claim.counter)) {
      if (connection != 0 && instance->second.guard.knows(connection)) answer = Refusal::clone;
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
  auto ticket = to_base64url(crypto::random_bytes(kTicketBytes));
  const auto hash = crypto::hash_of(ticket);
  bool valid = false;
  with(caller.endpoint, [&](Endpoint& endpoint) {
    const auto instance = endpoint.instances.find(caller.instance);
    if (instance == endpoint.instances.end()) return;
    if (endpoint.record.generation != caller.generation) return;
    const std::lock_guard lock(tickets_mutex_);
    tickets_.erase(instance->second.ticket);  // one per instance: no more of them than the fleet
    tickets_[hash] = caller;
    instance->second.ticket = hash;
    instance->second.ticket_expires = clock_.steady() + kTicketLife;
    valid = true;
  });
  return valid ? ticket : std::string();
}

bool Registry::connection_is_its_own(const Caller& caller, std::uint64_t connection, bool& first) {
  bool own = true;
  first = false;
  with(caller.endpoint, [&](Endpoint& endpoint) {
    const auto instance = endpoint.instances.find(caller.instance);
    if (instance != endpoint.instances.end())
      own = is_own(instance->second, connection, first, clock_.steady());
  });
  return own;
}

CheckInAnswer Registry::arrive(const Visit& visit, const crypto::Hash* ticket) {
  CheckInAnswer answer;
  answer.kind = CheckInAnswer::Kind::unauthorized;
  with(visit.caller.endpoint, [&](Endpoint& endpoint) {
    const auto found = endpoint.instances.find(visit.caller.instance);
    if (found == endpoint.instances.end()) return;
    auto& instance = found->second;
    const auto now = clock_.steady();
    if (ticket && !is_ticket_of(endpoint, instance, visit.caller, *ticket, now)) return;
    if (!is_own(instance, visit.connection, answer.first_of_clone, now)) {
      answer.kind = CheckInAnswer::Kind::clone;
      return;
    }
    check_ins_.fetch_add(1, std::memory_order_relaxed);
    const bool was_online = endpoint.state(now) == fleet::EndpointState::online;
    endpoint.seen = now;  // here and not when a hold is looked at again: that is no sign of life
    instance.seen_at(clock_.wall(), now);
    instance.checked_in = now;
    instance.expected_until.reset();
    if (instance.record.address != visit.address) instance.record.address = visit.address;
    answer = decide(endpoint, instance, visit, /*over=*/false);
    const bool was_expected = std::exchange(endpoint.expected_until, std::nullopt).has_value();
    if (!was_online) endpoint.wake_watchers();
    if (!was_online || was_expected) returns_.store(true, std::memory_order_relaxed);
  });
  return answer;
}

CheckInAnswer Registry::look_again(const Visit& visit, bool over) {
  CheckInAnswer answer;
  with(visit.caller.endpoint, [&](Endpoint& endpoint) {
    const auto found = endpoint.instances.find(visit.caller.instance);
    if (found == endpoint.instances.end()) return;
    auto& instance = found->second;
    const bool ours = instance.hold == visit.hold;
    answer.pace = {endpoint.settings.interval, endpoint.settings.hold};
    if (instance.guard.is_marked(visit.connection) &&
        !instance.guard.accept(visit.connection, answer.first_of_clone)) {
      answer.kind = CheckInAnswer::Kind::clone;
      if (ours) instance.hold.reset();
    } else if (ours) {
      answer = decide(endpoint, instance, visit, over);
    }
  });
  return answer;
}

CheckInAnswer Registry::decide(Endpoint& endpoint, Instance& instance, const Visit& visit,
                               bool over) {
  CheckInAnswer answer;
  answer.pace = {endpoint.settings.interval, endpoint.settings.hold};
  // The newest wins; a plain one overtakes a held one, too.
  if (instance.hold && instance.hold != visit.hold) instance.hold->ring();
  instance.hold.reset();
  const auto offered = make_offer(endpoint, visit.caller.instance, instance, answer.offer);
  if (offered == Offered::yes) {
    answer.kind = CheckInAnswer::Kind::connect;
  } else if (visit.hold && !over && fleet::clamp_wait(visit.asked, answer.pace.hold).count() > 0) {
    instance.hold = visit.hold;
    answer.kind = CheckInAnswer::Kind::hold;
    if (const auto deadline = endpoint.circuit.life.next_deadline()) {
      const auto left = std::chrono::ceil<milliseconds>(*deadline - clock_.steady());
      answer.recheck = std::max(milliseconds{1}, left);
    }
    if (offered == Offered::later) answer.recheck = slot_look();
  }
  return answer;
}

void Registry::leave(const Visit& visit) {
  with(visit.caller.endpoint, [&](Endpoint& endpoint) {
    const auto found = endpoint.instances.find(visit.caller.instance);
    if (found == endpoint.instances.end()) return;
    if (visit.hold && found->second.hold == visit.hold) found->second.hold.reset();
    if (visit.connection != 0) found->second.guard.closed(visit.connection);
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
    if (report.hold) instance.hold_in_use = report.hold;
    if (!report.tunnel_failure) return;
    instance.failure = *report.tunnel_failure;
    instance.failure_detail = report.tunnel_detail.value_or("");
    const auto reason = fleet::reason_from_string(instance.failure);
    if (!reason || *reason == fleet::Reason::none) return;
    endpoint.circuit.life.open_failed(caller.instance, *reason, clock_.steady());
    if (instance.circuit)
      instance.circuit->life.open_failed(caller.instance, *reason, clock_.steady());
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
  auto fingerprint = fingerprint_of(instance.host_key);
  with(id, [&](Endpoint& endpoint) {
    endpoint.record.edge_id_hash = edge_id_hash;
    apply_key(endpoint, key);
    auto& known = endpoint.instances[instance.id];
    known.record = instance;
    known.host_key_fingerprint = std::move(fingerprint);
    known.seen = endpoint.seen = clock_.steady();
    endpoint.wake_watchers();
  });
}

}  // namespace edge::server
