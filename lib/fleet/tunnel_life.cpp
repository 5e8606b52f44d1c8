#include "fleet/tunnel_life.hpp"

#include <array>
#include <utility>

namespace edge::fleet {
namespace {

constexpr std::array<std::pair<Reason, const char*>, 12> kReasons{{
    {Reason::none, ""},
    {Reason::no_check_in, "no-check-in"},
    {Reason::agent_unreachable_tunnel_port, "agent-unreachable-tunnel-port"},
    {Reason::host_key_mismatch, "host-key-mismatch"},
    {Reason::auth_refused, "auth-refused"},
    {Reason::handshake_timeout, "handshake-timeout"},
    {Reason::lost, "lost"},
    {Reason::idle, "idle"},
    {Reason::replaced, "replaced"},
    {Reason::endpoint_removed, "endpoint-removed"},
    {Reason::agent_stopped, "agent-stopped"},
    {Reason::shutdown, "shutdown"},
}};

}  // namespace

const char* to_string(TunnelState state) {
  switch (state) {
    case TunnelState::idle:
      return "idle";
    case TunnelState::required:
      return "required";
    case TunnelState::connecting:
      return "connecting";
    case TunnelState::open:
      return "open";
    case TunnelState::closing:
      return "closing";
    case TunnelState::failed:
      return "failed";
  }
  return "idle";
}

const char* to_string(Reason reason) {
  for (const auto& [value, text] : kReasons) {
    if (value == reason) return text;
  }
  return "";
}

std::optional<Reason> reason_from_string(const std::string& text) {
  for (const auto& [value, name] : kReasons) {
    if (text == name) return value;
  }
  return std::nullopt;
}

void TunnelLife::change(TunnelState to, Reason reason, SteadyTime now) {
  const auto from = std::exchange(state_, to);
  reason_ = reason;
  since_ = now;
  if (on_change_) on_change_(from, to, reason);
}

void TunnelLife::raise(SteadyTime now, bool met) {
  ++demand_;
  if (!met) unmet(Reason::none, now);
}

void TunnelLife::met(const InstanceId& by, SteadyTime now) {
  const bool ours = lease_.winner == by;  // who had it, or is about to
  if (now < reopen_until_ && !ours) return;
  const bool is_connecting = state_ == TunnelState::connecting && ours;
  if (state_ != TunnelState::required && !is_connecting) return;
  reopen_until_ = SteadyTime{};
  change(TunnelState::idle, Reason::none, now);
}

void TunnelLife::unmet(Reason reason, SteadyTime now) {
  if (demand_ == 0 || (state_ != TunnelState::idle && state_ != TunnelState::failed)) return;
  attempted_ = false;
  change(TunnelState::required, reason, now);
}

void TunnelLife::lower(SteadyTime now) {
  if (demand_ > 0) --demand_;
  expire(now);
}

void TunnelLife::expire(SteadyTime now) {
  if (needed(now)) {
    // Who won never came: anybody may try now, and whoever waits hears of it.
    if (state_ == TunnelState::connecting && now >= lease_.until)
      change(TunnelState::required, Reason::handshake_timeout, now);
    return;
  }
  if (state_ == TunnelState::connecting && now >= lease_.until) {
    change(TunnelState::failed, Reason::handshake_timeout, now);
  } else if (state_ == TunnelState::required && !attempted_) {
    change(TunnelState::failed, Reason::no_check_in, now);
  } else if (state_ == TunnelState::required) {
    // What the last attempt died of stays visible.
    change(reason_ == Reason::none ? TunnelState::idle : TunnelState::failed, reason_, now);
  }
}

bool TunnelLife::take_lease(std::uint64_t seen_generation, Lease lease) {
  if (seen_generation != generation_) return false;
  ++generation_;
  lease_ = std::move(lease);
  return true;
}

void TunnelLife::asked_anew(const InstanceId& instance, bool live, SteadyTime now) {
  const bool has_tunnel = state_ == TunnelState::open || state_ == TunnelState::closing;
  if (has_tunnel && lease_.winner == instance) closed(lease_.tunnel, Reason::lost, live, now);
}

bool TunnelLife::ask(const InstanceId& instance, const TunnelId& fresh, SteadyTime now) {
  asked_anew(instance, false, now);
  if (state_ == TunnelState::required && !needed(now)) {
    change(TunnelState::idle, reason_, now);
    return false;
  }
  const bool free = state_ == TunnelState::required;
  const bool again = state_ == TunnelState::connecting && lease_.winner == instance;
  const bool expired = state_ == TunnelState::connecting && now >= lease_.until;
  if (!free && !again && !expired) return false;
  // Nobody needs it any more: the one that won and could not open it is not told to try for ever.
  if ((again || expired) && !needed(now)) {
    change(TunnelState::failed, Reason::handshake_timeout, now);
    return false;
  }
  if (!take_lease(generation_, {instance, fresh, now + limits_.open_deadline})) return false;
  attempted_ = true;
  change(TunnelState::connecting, expired && !again ? Reason::handshake_timeout : reason_, now);
  return true;
}

std::optional<SteadyTime> TunnelLife::next_deadline() const {
  if (state_ == TunnelState::connecting) return lease_.until;
  return std::nullopt;
}

bool TunnelLife::opened(const TunnelId& tunnel, SteadyTime now) {
  if (state_ != TunnelState::connecting || lease_.tunnel != tunnel) return false;
  reopen_until_ = SteadyTime{};
  change(TunnelState::open, Reason::none, now);
  return true;
}

bool TunnelLife::closing(const TunnelId& tunnel, SteadyTime now) {
  if (state_ != TunnelState::open || lease_.tunnel != tunnel || demand_ > 0) return false;
  change(TunnelState::closing, Reason::idle, now);
  return true;
}

void TunnelLife::closed(const TunnelId& tunnel, Reason reason, bool wanted_back, SteadyTime now) {
  if (lease_.tunnel != tunnel) return;
  if (state_ != TunnelState::connecting && state_ != TunnelState::open &&
      state_ != TunnelState::closing)
    return;
  if (wanted_back) reopen_until_ = now + limits_.reopen_for;
  if (reason == Reason::shutdown || (reason == Reason::endpoint_removed && !needed(now))) {
    change(TunnelState::idle, reason, now);
  } else if (needed(now)) {
    change(TunnelState::required, reason, now);
  } else {
    const bool by_plan =
        reason == Reason::idle || reason == Reason::replaced || reason == Reason::agent_stopped;
    change(by_plan ? TunnelState::idle : TunnelState::failed, reason, now);
  }
}

void TunnelLife::open_failed(const InstanceId& instance, Reason reason, SteadyTime now) {
  if (state_ == TunnelState::connecting && lease_.winner == instance) {
    change(needed(now) ? TunnelState::required : TunnelState::failed, reason, now);
  } else if (state_ == TunnelState::required) {
    attempted_ = true;
    reason_ = reason;
  }
}

}  // namespace edge::fleet
