// The fleet in memory: what check-ins, tunnels and operators are answered from. Sharded by
// endpoint, one mutex a shard, held for a look-up and a decision, never across I/O, a callback or
// an await. Who waits is woken by a post to its own loop. Decisions are lib/fleet's; this file
// finds the endpoint, asks, and keeps the books. Thread rule: any thread.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <shared_mutex>
#include <unordered_map>

#include "fleet/association.hpp"
#include "fleet/handshake_slots.hpp"
#include "fleet/next_check_in.hpp"
#include "fleet/selector.hpp"
#include "fleet/temporary_settings.hpp"
#include "server/endpoint.hpp"
#include "wire/check_in.hpp"
#include "wire/instance_view.hpp"

namespace edge::wire {
class JsonWriter;
}

namespace edge::server {

// The one forward of a tunnel: a name, not a listener.
inline constexpr const char* kForwardName = "edge";
inline constexpr std::uint16_t kForwardPort = 1;
// Its counter is one of its own.
inline constexpr const char* kTrialPath = "/v1/trial";

struct Caller {  // who a check-in was proved to come from
  EndpointId endpoint;
  InstanceId instance;
  std::uint32_t generation = 0;  // of the token that it joined with
};

enum class Refusal { unauthorized, removed, clone };

// A check-in on its way through the registry.
struct Visit {
  Caller caller;
  // Which connection it came on, for telling clones; 0 where a proxy puts the requests of many
  // agents on connections of its own, which then say nothing.
  std::uint64_t connection = 0;
  std::string address;              // of the agent
  milliseconds asked{0};            // what it offers to be held; clamped to what is ordered
  std::shared_ptr<net::Bell> hold;  // rung when something changes; null: plain polling
};

struct CheckInAnswer {
  // unauthorized: the ticket is not this instance's, or not any more.
  enum class Kind { hold, not_needed, connect, clone, unauthorized };
  Kind kind = Kind::not_needed;
  wire::Pace pace;
  wire::Offer offer;                    // of connect
  std::optional<milliseconds> recheck;  // of hold: look again after this, even if nobody rings
  bool first_of_clone = false;          // of clone: nobody has written the event yet
};

struct Counts {
  std::size_t fresh = 0, online = 0, offline = 0, tunnels = 0, sessions = 0, held = 0;
};

class Registry {
 public:
  static constexpr std::size_t kHandshakes = 1024;
  // `handshakes`: agents that may be on their way to the tunnel port at once.
  Registry(const Clock& clock, std::string url, std::string tunnel_address,
           std::size_t handshakes = kHandshakes);
  ~Registry();

  // Start-up, before the first loop runs.
  Result<void> load(store::Store& store);

  // --- poll port
  // `method` and `path` are what the MAC is over. A counter is used up by a right MAC only.
  // `connection`: a right MAC with an old counter is a replay (unauthorized), but on a connection
  // that was this instance's before it is the sign of a clone that has overtaken it.
  boost::system::result<Caller, Refusal> authenticate(const wire::Authorization& claim,
                                                      std::string_view method,
                                                      std::string_view path,
                                                      std::uint64_t connection);
  std::string new_ticket(const Caller& caller);  // to send; "" when the caller has gone meanwhile
  // Whether this connection is the instance's own; false: a clone. `first`: write the event.
  bool connection_is_its_own(const Caller& caller, std::uint64_t connection, bool& first);
  // A check-in has arrived. `ticket`: what it was authorised with, if the connection knows from
  // before whose it is; null when authenticate() has just said so. One look-up, one lock.
  CheckInAnswer arrive(const Visit& visit, const crypto::Hash* ticket);
  // A held one looks again: it was rung, or its time for that has come. `over`: its wait is over,
  // and the answer is not to hold on. A newer check-in, or the endpoint's end, has taken the hold
  // away: not needed.
  CheckInAnswer look_again(const Visit& visit, bool over);
  void leave(const Visit& visit);  // the connection is gone, and its hold with it
  // True: the store should hear of it.
  bool agent_reported(const Caller& caller, const wire::AgentReport& report);
  std::optional<store::InstanceRecord> instance(const Caller& caller) const;
  wire::Pace pace(const EndpointId& endpoint) const;

  // --- trials: an instance asks what is known of it, and for a tunnel that only shows that it
  // works
  std::optional<wire::InstanceView> view_of(const Caller& caller) const;
  // Credentials for one trial; or how long to wait before the next one may be asked for.
  boost::system::result<wire::Offer, milliseconds> make_trial(const Caller& caller);
  std::optional<Caller> consume_trial(const TunnelId& user, const std::string& password);
  void trial_ended(const Caller& caller);

  // --- association; what the store must hold before apply_association() is told
  std::optional<fleet::AssociationState> association_state(const EndpointId& id) const;
  void apply_association(const EndpointId& id, const std::string& edge_id_hash, const Secret& key,
                         const store::InstanceRecord& instance);

  // --- tunnel port
  // Consumes the credentials: the first success is the last.
  std::optional<Caller> consume(const TunnelId& user, const std::string& password);
  bool tunnel_opened(const Caller& caller, std::shared_ptr<TunnelHandle> tunnel);
  bool tunnel_closing(const EndpointId& endpoint, const TunnelId& tunnel);
  void tunnel_closed(const EndpointId& endpoint, const TunnelId& tunnel, fleet::Reason reason);
  config::FleetSettings settings_of(const EndpointId& endpoint) const;

  // --- operators
  std::optional<EndpointId> find(const std::string& name_or_id) const;
  std::string name_of(const EndpointId& id) const;
  std::vector<std::string> names() const;
  // An instance of the endpoint by its id, the host name that it reported, or the only id that
  // begins so.
  Result<InstanceId> find_instance(const EndpointId& id, const std::string& name) const;
  // Of one instance, or of any.
  void raise(const EndpointId& id, const std::optional<InstanceId>& instance = {});
  void lower(const EndpointId& id, const std::optional<InstanceId>& instance = {});
  void watch(const EndpointId& id, const std::shared_ptr<net::Notify>& bell);
  void wake(const EndpointId& id);  // whoever watches it
  struct Waiting {                  // what an operator who waits for a tunnel needs to know
    bool exists = false;
    fleet::EndpointState state = fleet::EndpointState::offline;
    fleet::TunnelState tunnel_state = fleet::TunnelState::idle;
    std::shared_ptr<TunnelHandle> tunnel;
    std::string reason, detail, last_seen_text, address;
    milliseconds patience{0};  // how long a connect waits without --wait
  };
  Waiting waiting(const EndpointId& id, const std::optional<InstanceId>& instance = {}) const;

  struct Presence {
    fleet::EndpointState state = fleet::EndpointState::offline;
    bool has_open_tunnel = false;
  };
  std::optional<Presence> presence(const EndpointId& id) const;  // nothing when gone
  // Both as in docs/admin-api.md; null when gone.
  nlohmann::json describe_presence(const EndpointId& id) const;
  nlohmann::json describe_check_ins(const EndpointId& id) const;

  // --- live sessions
  void add_session(const std::shared_ptr<LiveSession>& session);
  void move_session(const LiveSession& session, const TunnelHandle& tunnel);
  // What its sessions may move; never null. One that was removed meanwhile has a limit of its own.
  std::shared_ptr<SessionLimit> session_limit(const EndpointId& endpoint) const;
  void remove_session(const LiveSession& session);
  std::shared_ptr<LiveSession> session(const EndpointId& endpoint, const SessionId& id) const;
  std::vector<SessionId> session_ids() const;
  // docs/admin-api.md; null when gone
  nlohmann::json describe_session(const SessionId& id) const;
  // `why`: "killed by alice", for whoever asks afterwards. False: there is none (any more).
  bool end_session(const SessionId& id, const std::string& why);
  std::string why_ended(const SessionId& id) const;  // "": not by end_session, or long ago
  std::string host_key(const EndpointId& endpoint, const InstanceId& instance) const;

  // --- administration; the store has it already
  void add(store::EndpointRecord record);
  void rename(const EndpointId& id, const std::string& name);
  void remove(const EndpointId& id, const store::Tombstone& tombstone);
  void drop_tombstones_before(WallTime time);
  void forget_association(const EndpointId& id);
  void replace_token(const store::EndpointRecord& record);
  void set_endpoint_setting(const EndpointId& id, const std::string& key, const std::string& value);
  void set_labels(const EndpointId& id, const fleet::Labels& labels);
  void set_setting(const std::string& key, const std::string& value);  // "" is the default
  // For a while, on top of what is set; `setting.scope` is an endpoint's id, or empty for all.
  void set_temporary(const store::TemporarySetting& setting);
  bool end_temporary(const EndpointId& scope, const std::string& key);  // false: there was none
  fleet::TemporarySettings::OfOne temporary_settings(const EndpointId& scope) const;
  // Those whose time is over have fallen back when this returns; the store does not know yet.
  std::vector<fleet::TemporarySettings::Due> end_due_settings();
  config::FleetSettings settings() const;
  std::map<std::string, std::string> set_settings()
      const;  // those that differ from the defaults, as text
  std::optional<store::EndpointRecord> record(const EndpointId& id) const;

  nlohmann::json describe(const EndpointId& id,
                          bool whole) const;  // docs/admin-api.md; null when gone
  // fn(const Endpoint&) of one part of them, under its lock: a loop has its turn in between.
  static constexpr std::size_t kParts = 1024;
  template <class Fn>
  void each_of(std::size_t part, Fn fn) const;
  std::optional<fleet::Labels> labels_of(const EndpointId& id) const;  // nothing: gone
  std::string row_text(const EndpointId& id) const;     // an item of the list; "" when gone
  std::string target_text(const EndpointId& id) const;  // an item of find_targets
  // Of a part, those that the selector is true of: the mark changes when what a list shows does,
  // but for the last sign of life, which is apart.
  struct Mark {
    EndpointId id;
    std::uint64_t mark = 0;
    SteadyTime seen{};
  };
  std::vector<Mark> marks(std::size_t part, const std::optional<fleet::Selector>& selector) const;
  Counts counts() const;
  std::uint64_t check_ins() const noexcept { return check_ins_; }

  // Whether somebody has come back since the last call: worth storing soon, or a SIGKILL would
  // leave them offline.
  bool take_returns() noexcept { return returns_.exchange(false, std::memory_order_relaxed); }
  // Last-seen times that the store does not have yet.
  std::vector<store::LastSeen> take_unsaved();
  std::vector<std::shared_ptr<TunnelHandle>> tunnels() const;
  void
  let_go();  // of tunnels and bells, which live on loops: after these have ended, before they go
  void end_all_holds();  // at shutdown: every held check-in is answered

 private:
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<EndpointId, std::unique_ptr<Endpoint>> endpoints;
  };
  // Many, so that whoever looks at all endpoints (each()) holds up a check-in for as long as a
  // dozen look-ups take, at 15,000 endpoints.
  static constexpr std::size_t kShards = kParts;

  Shard& shard(const EndpointId& id) const;
  // Runs fn(Endpoint&) under the lock; false when there is none.
  template <class Fn>
  bool with(const EndpointId& id, Fn fn) const;
  template <class Fn>
  void each(Fn fn) const;
  std::unique_ptr<Endpoint> make(store::EndpointRecord record) const;
  static void apply_key(Endpoint& endpoint, const Secret& key);
  void resolve(Endpoint& endpoint) const;
  void settings_changed();  // of all endpoints
  void settings_changed(const EndpointId& scope);
  void drop_associations(Endpoint& endpoint);
  // The decision about one instance, under its shard's lock; holds when `over` is not set.
  CheckInAnswer decide(Endpoint& endpoint, Instance& instance, const Visit& visit, bool over);
  // Whether this instance wins; `later`: it would, but too many are on their way already.
  enum class Offered { no, yes, later };
  Offered make_offer(Endpoint& endpoint, const InstanceId& id, const Instance& instance,
                     wire::Offer& offer);
  Offered make_offer(Endpoint& endpoint, Circuit& circuit, const InstanceId& instance,
                     wire::Offer& offer);
  void lose_tunnel(Endpoint& endpoint, const InstanceId& instance);
  static Circuit* wanted_circuit(Endpoint& endpoint, const std::optional<InstanceId>& instance);
  void drop_credential(Circuit& circuit);
  bool take_slot(const TunnelId& tunnel, SteadyTime until);
  void give_slot(const TunnelId& tunnel);
  Credential seal_offer(const Endpoint& endpoint, const InstanceId& instance,
                        const TunnelId& tunnel, wire::Offer& offer) const;
  void write(wire::JsonWriter& to, const Endpoint& endpoint, SteadyTime now) const;
  void write(wire::JsonWriter& to, const Instance& instance, milliseconds ordered_hold) const;
  void write(wire::JsonWriter& to, const Circuit& circuit) const;
  std::optional<WallTime> last_seen_of(const Endpoint& endpoint, SteadyTime now) const;
  std::uint64_t mark_of(const Endpoint& endpoint, SteadyTime now) const;
  template <class Fn>
  bool with_session(const SessionId& id, Fn fn) const;
  void describe_timers(const LiveSession& session, SteadyTime now, nlohmann::json& view) const;
  WallTime wall_of(SteadyTime time) const;
  boost::system::result<Caller, Refusal> by_ticket(const std::string& ticket);
  boost::system::result<Caller, Refusal> by_mac(const wire::MacAuthorization& claim,
                                                std::string_view method, std::string_view path,
                                                std::uint64_t connection);

  const Clock& clock_;
  const std::string url_, tunnel_address_;
  mutable std::array<Shard, kShards> shards_;
  mutable std::shared_mutex names_mutex_;
  std::unordered_map<std::string, EndpointId> by_name_;
  std::unordered_map<EndpointId, store::Tombstone> tombstones_;  // under names_mutex_
  mutable std::mutex tickets_mutex_;
  std::unordered_map<crypto::Hash, Caller, crypto::HashOfHash> tickets_;  // by the ticket's hash
  mutable std::mutex credentials_mutex_;
  std::unordered_map<TunnelId, EndpointId> credentials_;
  fleet::HandshakeSlots slots_;                  // under credentials_mutex_
  std::unordered_map<TunnelId, Caller> trials_;  // under credentials_mutex_
  mutable std::mutex sessions_mutex_;
  std::unordered_map<SessionId, EndpointId> sessions_;
  std::deque<std::pair<SessionId, std::string>> ended_;  // from outside, and why
  mutable std::shared_mutex settings_mutex_;
  std::map<std::string, std::string> set_settings_;
  fleet::TemporarySettings temporary_settings_;
  config::FleetSettings settings_;  // resolved from both
  std::atomic<std::uint64_t> check_ins_{0};
  std::atomic<bool> returns_{false};
};

[[noreturn]] void throw_exception_from_error(Refusal refusal, const boost::source_location& where);

template <class Fn>
bool Registry::with(const EndpointId& id, Fn fn) const {
  auto& part = shard(id);
  const std::lock_guard lock(part.mutex);
  const auto found = part.endpoints.find(id);
  if (found == part.endpoints.end()) return false;
  fn(*found->second);
  return true;
}

template <class Fn>
void Registry::each_of(std::size_t part, Fn fn) const {
  const std::lock_guard lock(shards_[part].mutex);
  for (const auto& [id, endpoint] : shards_[part].endpoints) fn(std::as_const(*endpoint));
}

template <class Fn>
void Registry::each(Fn fn) const {
  for (auto& part : shards_) {
    const std::lock_guard lock(part.mutex);
    for (auto& [id, endpoint] : part.endpoints) fn(*endpoint);
  }
}

}  // namespace edge::server
