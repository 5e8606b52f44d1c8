// What edged keeps in memory about one endpoint. Everything in here is touched under its shard's
// lock only.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "crypto/hash.hpp"
#include "fleet/presence.hpp"
#include "fleet/tunnel_life.hpp"
#include "net/notify.hpp"
#include "server/live_session.hpp"
#include "server/session_limit.hpp"
#include "store/store.hpp"

namespace edge::server {

// An open tunnel as the registry and the admin port know it. It lives on one loop (executor()).
class TunnelHandle {
 public:
  virtual ~TunnelHandle() = default;
  virtual net::asio::any_io_executor executor() = 0;
  virtual const TunnelId& id() const = 0;
  virtual const InstanceId& instance() const = 0;
  virtual TunnelWay way() const = 0;
  virtual void end(fleet::Reason reason) = 0;  // any thread
  // Whether its agent can be heard; any thread. Where sessions are live a silence counts.
  virtual bool is_silent() const = 0;
  virtual std::optional<milliseconds> idle_in()
      const = 0;  // any thread; nothing while sessions live
};

struct Credential {
  TunnelId tunnel;
  InstanceId instance;
  std::string password_hash;
  SteadyTime expires{};
};

// What an instance may try out, beside whatever tunnel its endpoint has (docs/poll-api.md).
struct Trials {
  fleet::CounterGate counter;            // of its own: whoever asks runs beside the agent
  std::optional<Credential> credential;  // of the next one
  bool live = false;                     // one is being tried
  std::deque<SteadyTime> asked;          // in the last minute
};

// Where one tunnel at a time may be: its life, its credentials while it is on its way, and its
// handle while it is open. An endpoint has one for whichever instance is first, and an instance
// one of its own once somebody has asked for it by name.
struct Circuit {
  Circuit(fleet::LifeLimits limits, fleet::TunnelLife::OnChange on_change)
      : life(limits, std::move(on_change)) {}

  fleet::TunnelLife life;
  std::optional<Credential> credential;
  std::shared_ptr<TunnelHandle> tunnel;

  bool has_tunnel() const {  // open, or closing: a sign of life
    return life.state() == fleet::TunnelState::open || life.state() == fleet::TunnelState::closing;
  }
  bool is_open() const {
    return tunnel && life.state() == fleet::TunnelState::open && !tunnel->is_silent();
  }
  bool is_asked_for() const {
    return life.state() != fleet::TunnelState::idle && life.state() != fleet::TunnelState::failed;
  }
};

struct Instance {
  store::InstanceRecord record;
  std::string host_key_fingerprint;  // of record.host_key; parsing it takes too long under a lock
  fleet::CounterGate counter;
  fleet::CloneGuard guard;
  std::shared_ptr<net::Bell> hold;          // of the held check-in; the newest wins
  crypto::Hash ticket{};                    // of the current one
  SteadyTime ticket_expires{};              // none yet: long ago
  std::string failure, failure_detail;      // why its last tunnel did not open, as it reported
  std::optional<milliseconds> hold_in_use;  // the wait it asks for, if it said so; 0: none
  std::optional<SteadyTime> cloned_at;      // another machine checked in with its identity
  Trials trials;
  std::unique_ptr<Circuit> circuit;          // its own; most never have one
  std::optional<SteadyTime> seen;            // the last sign of life
  std::optional<SteadyTime> checked_in;      // the last check-in that this edged has seen
  std::optional<SteadyTime> expected_until;  // it was online when edged ended, and may come back
  bool unsaved = false;                      // last-seen is newer than the store's

  void seen_at(WallTime time, SteadyTime now) {
    record.last_seen = time;
    seen = now;
    unsaved = true;
  }
};

// "SHA256:..." of "ssh-ed25519 AAAA..."; "" where that is no key. Not under a lock.
std::string fingerprint_of(const std::string& public_line);

struct Endpoint {
  explicit Endpoint(store::EndpointRecord loaded);
  Endpoint(const Endpoint&) = delete;  // its circuits' callbacks know where it is
  Endpoint& operator=(const Endpoint&) = delete;

  store::EndpointRecord record;    // without its instances: they are below
  Secret mac_key, seal_key;        // derived from K; empty: not associated
  config::FleetSettings settings;  // resolved
  Circuit circuit;                 // of whichever instance is first
  std::map<InstanceId, Instance> instances;
  std::vector<std::weak_ptr<net::Notify>> watchers;  // operators who wait for a change
  std::map<SessionId, std::shared_ptr<LiveSession>> sessions;
  std::shared_ptr<SessionLimit> session_limit;  // of all of them; null before the first one
  std::optional<SteadyTime> seen;               // the last sign of life of any instance
  std::optional<SteadyTime> expected_until;     // it was online when edged ended, and may come back

  fleet::EndpointState state(SteadyTime now) const;
  fleet::EndpointState state_of(const InstanceId& id, const Instance& instance,
                                SteadyTime now) const;
  bool has_tunnel() const;  // of any circuit
  bool has_tunnel_to(const InstanceId& instance) const;
  bool has_sessions_on(const InstanceId& instance) const;
  void wake_watchers();
  void wake_holds();
  bool held() const;
  void resolve(config::FleetSettings resolved);
  std::shared_ptr<SessionLimit> limit_of_sessions();  // made at the first session

  // fn(Circuit&, const InstanceId* whose): the endpoint's own first, whose is null.
  template <class Fn>
  void each_circuit(Fn fn);
  Circuit& circuit_of(const InstanceId& id, Instance& instance);  // made at the first demand
  // The one whose lease this tunnel has, or whose credentials it comes with; null: none any more.
  Circuit* circuit_with(const TunnelId& tunnel);
  Circuit* circuit_opened_by(const TunnelId& user);
  // An open tunnel that meets a demand: to this instance, or to any.
  std::shared_ptr<TunnelHandle> open_tunnel(const std::optional<InstanceId>& wanted) const;
  // A demand that only this open tunnel meets, though it is counted in another circuit.
  bool is_needed_elsewhere(const Circuit& circuit);
  // A tunnel has come or gone (that is `reason`): lives whose demand another circuit's tunnel meets
  // do not ask for one, and the others do.
  void settle(fleet::Reason reason, SteadyTime now);

 private:
  void changed(const Circuit& which, const InstanceId& whose, fleet::TunnelState from,
               fleet::TunnelState to, fleet::Reason reason);
};

template <class Fn>
void Endpoint::each_circuit(Fn fn) {
  const InstanceId* nobody = nullptr;
  fn(circuit, nobody);
  for (auto& [id, instance] : instances) {
    if (instance.circuit) fn(*instance.circuit, &id);
  }
}

}  // namespace edge::server
