#include "server/registry.hpp"

#include <stdexcept>

#include "base/log.hpp"
#include "crypto/keys.hpp"
#include "fleet/pace.hpp"

namespace edge::server {

void throw_exception_from_error(Refusal, const boost::source_location&) {
  throw std::runtime_error("refused");
}

Registry::Registry(const Clock& clock, std::string url, std::string tunnel_address,
                   std::size_t handshakes)
    : clock_(clock),
      url_(std::move(url)),
      tunnel_address_(std::move(tunnel_address)),
      slots_(handshakes) {}
Registry::~Registry() = default;

Registry::Shard& Registry::shard(const EndpointId& id) const {
  return shards_[std::hash<EndpointId>{}(id) % kShards];
}

WallTime Registry::wall_of(SteadyTime time) const {
  return clock_.wall() - std::chrono::duration_cast<milliseconds>(clock_.steady() - time);
}

std::unique_ptr<Endpoint> Registry::make(store::EndpointRecord record) const {
  auto endpoint = std::make_unique<Endpoint>(std::move(record));
  resolve(*endpoint);
  if (!endpoint->record.key.empty()) apply_key(*endpoint, endpoint->record.key);
  for (auto& instance : endpoint->record.instances) {
    auto& known = endpoint->instances[instance.id];
    known.record = instance;
    known.host_key_fingerprint = fingerprint_of(instance.host_key);
  }
  endpoint->record.instances.clear();
  return endpoint;
}

void Registry::apply_key(Endpoint& endpoint, const Secret& key) {
  endpoint.record.key = key;
  endpoint.mac_key = crypto::derive_purpose_key(key, "mac");
  endpoint.seal_key = crypto::derive_purpose_key(key, "seal");
}

Result<void> Registry::load(store::Store& store) {
  auto settings = store.load_settings();
  if (!settings) return settings.error();
  set_settings_ = *settings;
  auto temporary = store.load_temporary_settings();
  if (!temporary) return temporary.error();
  for (const auto& one : *temporary)
    temporary_settings_.put(one.scope, one.key, {one.value, one.until});
  settings_ = fleet::with_overrides(fleet::with_overrides({}, set_settings_),
                                    temporary_settings_.values_of({}));
  auto tombstones = store.load_tombstones();
  if (!tombstones) return tombstones.error();
  for (auto& tombstone : *tombstones) tombstones_.emplace(tombstone.id, tombstone);
  auto records = store.load_endpoints();
  if (!records) return records.error();

  // Who was online when edged last wrote is not offline before it had the time to come back.
  std::optional<WallTime> newest;
  for (const auto& record : *records) {
    for (const auto& instance : record.instances) newest = std::max(newest, instance.last_seen);
  }
  for (auto& record : *records) {
    const auto id = record.id;
    by_name_[record.name] = id;
    auto endpoint = make(std::move(record));
    const auto allowed =
        fleet::silence_allowed(endpoint->settings.interval, endpoint->settings.hold);
    for (auto& [instance_id, instance] : endpoint->instances) {
      const auto& seen = instance.record.last_seen;
      if (!seen) continue;
      const auto age = std::max(milliseconds{0}, clock_.wall() - *seen);  // clocks go back, too
      instance.seen = clock_.steady() - age;
      if (*seen + allowed >= *newest)
        instance.expected_until = clock_.steady() + fleet::time_to_return(allowed);
      endpoint->seen = std::max(endpoint->seen, instance.seen);
      endpoint->expected_until = std::max(endpoint->expected_until, instance.expected_until);
    }
    shard(id).endpoints.emplace(id, std::move(endpoint));
  }
  return {};
}

std::optional<EndpointId> Registry::find(const std::string& name_or_id) const {
  {
    const std::shared_lock lock(names_mutex_);
    const auto named = by_name_.find(name_or_id);
    if (named != by_name_.end()) return named->second;
  }
  const EndpointId id{name_or_id};
  return with(id, [](Endpoint&) {}) ? std::optional(id) : std::nullopt;
}

std::string Registry::name_of(const EndpointId& id) const {
  std::string name;
  with(id, [&](Endpoint& endpoint) { name = endpoint.record.name; });
  return name;
}

std::vector<std::string> Registry::names() const {
  const std::shared_lock lock(names_mutex_);
  std::vector<std::string> all;
  all.reserve(by_name_.size());
  for (const auto& [name, id] : by_name_) all.push_back(name);
  return all;
}

std::optional<store::EndpointRecord> Registry::record(const EndpointId& id) const {
  std::optional<store::EndpointRecord> found;
  with(id, [&](Endpoint& endpoint) { found = endpoint.record; });
  return found;
}

// --- administration

void Registry::add(store::EndpointRecord record) {
  const auto id = record.id;
  const auto name = record.name;
  auto endpoint = make(std::move(record));
  {
    auto& part = shard(id);
    const std::lock_guard lock(part.mutex);
    part.endpoints.emplace(id, std::move(endpoint));
  }
  const std::unique_lock lock(names_mutex_);
  by_name_[name] = id;
}

void Registry::rename(const EndpointId& id, const std::string& name) {
  std::string old;
  const bool there =
      with(id, [&](Endpoint& endpoint) { old = std::exchange(endpoint.record.name, name); });
  if (!there) return;
  const std::unique_lock lock(names_mutex_);
  by_name_.erase(old);
  by_name_[name] = id;
}

void Registry::remove(const EndpointId& id, const store::Tombstone& tombstone) {
  std::unique_ptr<Endpoint> gone;
  {
    auto& part = shard(id);
    const std::lock_guard lock(part.mutex);
    const auto found = part.endpoints.find(id);
    if (found == part.endpoints.end()) return;
    gone = std::move(found->second);
    part.endpoints.erase(found);
    drop_associations(*gone);
    gone->wake_watchers();
  }
  {
    const std::unique_lock lock(settings_mutex_);
    temporary_settings_.forget(id);
  }
  const std::unique_lock lock(names_mutex_);
  by_name_.erase(gone->record.name);
  tombstones_.emplace(id, tombstone);
}

// Ends what hangs on the old edge ID: tickets, holds, credentials, the tunnel.
void Registry::drop_associations(Endpoint& endpoint) {
  {
    const std::lock_guard lock(tickets_mutex_);
    for (auto& [id, instance] : endpoint.instances) tickets_.erase(instance.ticket);
  }
  endpoint.each_circuit([this](Circuit& circuit, const InstanceId*) { drop_credential(circuit); });
  for (auto& [id, instance] : endpoint.instances) {
    if (!instance.trials.credential) continue;
    const std::lock_guard lock(credentials_mutex_);
    trials_.erase(instance.trials.credential->tunnel);
  }
  endpoint.wake_holds();
  endpoint.each_circuit([](Circuit& circuit, const InstanceId*) {
    if (circuit.tunnel) circuit.tunnel->end(fleet::Reason::endpoint_removed);
  });
  // Whoever is opening one finds that it is not wanted any more.
  auto& life = endpoint.circuit.life;
  if (!endpoint.circuit.tunnel)
    life.closed(life.lease().tunnel, fleet::Reason::endpoint_removed, false, clock_.steady());
  endpoint.instances.clear();
  endpoint.settle(fleet::Reason::endpoint_removed, clock_.steady());
  endpoint.wake_watchers();  // an instance that somebody waits for may be gone
}

void Registry::drop_tombstones_before(WallTime time) {
  const std::unique_lock lock(names_mutex_);
  std::erase_if(tombstones_, [time](const auto& entry) { return entry.second.removed < time; });
}

void Registry::forget_association(const EndpointId& id) {
  with(id, [&](Endpoint& endpoint) {
    drop_associations(endpoint);
    endpoint.record.edge_id_hash.reset();
    endpoint.seen.reset();  // no agent of it exists any more
    endpoint.expected_until.reset();
    endpoint.record.key = endpoint.mac_key = endpoint.seal_key = Secret{};
  });
}

void Registry::replace_token(const store::EndpointRecord& record) {
  forget_association(record.id);
  with(record.id, [&](Endpoint& endpoint) {
    endpoint.record.token_hash = record.token_hash;
    endpoint.record.token_expires = record.token_expires;
    endpoint.record.generation = record.generation;
  });
}

void Registry::set_labels(const EndpointId& id, const fleet::Labels& labels) {
  with(id, [&](Endpoint& endpoint) { endpoint.record.labels = labels; });
}

std::optional<fleet::Labels> Registry::labels_of(const EndpointId& id) const {
  std::optional<fleet::Labels> found;
  with(id, [&](Endpoint& endpoint) { found = endpoint.record.labels; });
  return found;
}

std::vector<store::LastSeen> Registry::take_unsaved() {
  std::vector<store::LastSeen> batch;
  const auto now = clock_.wall();
  each([&](Endpoint& endpoint) {
    endpoint.each_circuit([&](Circuit& circuit, const InstanceId*) {
      if (!circuit.tunnel || !circuit.has_tunnel()) return;
      const auto instance = endpoint.instances.find(circuit.tunnel->instance());
      // Whoever has one does not check in.
      if (instance != endpoint.instances.end()) instance->second.seen_at(now, clock_.steady());
    });
    for (auto& [id, instance] : endpoint.instances) {
      if (!std::exchange(instance.unsaved, false)) continue;
      batch.push_back(
          {endpoint.record.id, id, *instance.record.last_seen, instance.record.address});
    }
  });
  return batch;
}

}  // namespace edge::server
