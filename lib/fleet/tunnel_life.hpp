// The life of a tunnel, of an endpoint or of one of its instances: idle -> required -> connecting
// -> open -> closing -> idle, and failed.
//
// Pure: events go in with the time, what to do comes out. One function changes the state and
// remembers why. Thread rule: none of its own; the registry calls it under the endpoint's shard
// lock.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/ids.hpp"
#include "base/time.hpp"

namespace edge::fleet {

enum class TunnelState { idle, required, connecting, open, closing, failed };
const char* to_string(TunnelState state);

// Why a tunnel is not open: a closed set, visible to operators.
enum class Reason {
  none,
  no_check_in,
  agent_unreachable_tunnel_port,
  host_key_mismatch,
  auth_refused,
  handshake_timeout,
  lost,
  idle,
  replaced,
  endpoint_removed,
  agent_stopped,
  shutdown,
};
const char* to_string(Reason reason);
std::optional<Reason> reason_from_string(const std::string& text);

struct LifeLimits {
  milliseconds open_deadline{10'000};  // what the winner has
  milliseconds reopen_for{
      60'000};  // a tunnel lost under a live session is wanted back for this long
};

// Who may open the tunnel now. The generation makes taking it a compare-and-swap.
struct Lease {
  InstanceId winner;
  TunnelId tunnel;
  SteadyTime until{};
};

class TunnelLife {
 public:
  // Every change of state: old, new, reason. For the log and for waking those who wait.
  using OnChange = std::function<void(TunnelState from, TunnelState to, Reason reason)>;
  TunnelLife(LifeLimits limits, OnChange on_change)
      : limits_(limits), on_change_(std::move(on_change)) {}

  void set_limits(LifeLimits limits) { limits_ = limits; }

  // An operator needs the endpoint / does not any more. REQUIRES: as many lowers as raises.
  // `met`: by the open tunnel of another life.
  void raise(SteadyTime now, bool met = false);
  void lower(SteadyTime now);
  // An open tunnel of another life, to this instance, meets the demand; what was lost with one
  // instance is not given back by another.
  void met(const InstanceId& by, SteadyTime now);
  // No tunnel of another life meets the demand, or not any more.
  void unmet(Reason reason, SteadyTime now);
  // What time alone ends: a lease that nobody used, a need that nobody has any more. Called before
  // anybody looks at the state.
  void expire(SteadyTime now);

  // An instance checks in. The one that has the open tunnel lost it and knows that before we do;
  // `live`: sessions were on it, so it is wanted back.
  void asked_anew(const InstanceId& instance, bool live, SteadyTime now);
  // An instance asks "do you need me?", after asked_anew(). True: it wins, and `fresh` is its
  // tunnel from now on (older credentials are dead). False: not needed, or somebody else is at it
  // until next_deadline().
  bool ask(const InstanceId& instance, const TunnelId& fresh, SteadyTime now);
  // When a waiting instance should ask again; nothing when there is no reason to.
  std::optional<SteadyTime> next_deadline() const;

  // The tunnel was established. False: somebody else's turn by now; it must be closed (replaced).
  bool opened(const TunnelId& tunnel, SteadyTime now);
  // edged starts to close it, for being idle. False when it is not open or is needed after all.
  bool closing(const TunnelId& tunnel, SteadyTime now);
  // It has gone. `needed`: a session was live on it, so it is wanted back.
  void closed(const TunnelId& tunnel, Reason reason, bool needed, SteadyTime now);
  // The agent says why it could not connect.
  void open_failed(const InstanceId& instance, Reason reason, SteadyTime now);

  TunnelState state() const noexcept { return state_; }
  Reason reason() const noexcept {
    return reason_;
  }  // of the last change, or of the last failed attempt
  SteadyTime since() const noexcept { return since_; }
  const Lease& lease() const noexcept { return lease_; }  // of connecting, open, closing
  bool needed(SteadyTime now) const noexcept { return demand_ > 0 || now < reopen_until_; }
  std::uint32_t demand() const noexcept { return demand_; }

 private:
  // The one decision who wins: it succeeds only for who has seen the current generation.
  bool take_lease(std::uint64_t seen_generation, Lease lease);
  void change(TunnelState to, Reason reason, SteadyTime now);

  LifeLimits limits_;
  OnChange on_change_;
  TunnelState state_ = TunnelState::idle;
  Reason reason_ = Reason::none;
  SteadyTime since_{};
  SteadyTime reopen_until_{};
  Lease lease_;
  std::uint64_t generation_ = 0;
  std::uint32_t demand_ = 0;
  bool attempted_ = false;  // since it was required: some instance asked
};

}  // namespace edge::fleet
