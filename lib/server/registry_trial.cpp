// The registry's part for trials: what an instance may know of itself, and credentials for a tunnel
// that shows that it works and is none. The endpoint's state, its tunnel, its credentials and
// last-seen are not touched by any of it: who asks is no agent at work.
#include "crypto/keys.hpp"
#include "crypto/random.hpp"
#include "fleet/presence.hpp"
#include "server/registry.hpp"

namespace edge::server {
namespace {

constexpr std::size_t kTrialsAtOnce = 12;  // in each minute, of an instance
constexpr milliseconds kMinute{60'000};

// Null where the caller has gone meanwhile, or has another token.
Instance* instance_of(Endpoint& endpoint, const Caller& caller) {
  const auto found = endpoint.instances.find(caller.instance);
  const bool same = endpoint.record.generation == caller.generation;
  return same && found != endpoint.instances.end() ? &found->second : nullptr;
}

std::optional<milliseconds> age_of(const std::optional<SteadyTime>& time, SteadyTime now) {
  if (!time) return std::nullopt;
  return std::chrono::duration_cast<milliseconds>(now - *time);
}

// How long until there is room for one more; nothing: there is.
std::optional<milliseconds> patience(std::deque<SteadyTime>& asked, SteadyTime now) {
  while (!asked.empty() && now - asked.front() >= kMinute) asked.pop_front();
  if (asked.size() < kTrialsAtOnce) return std::nullopt;
  return std::chrono::ceil<milliseconds>(asked.front() + kMinute - now);
}

}  // namespace

std::optional<wire::InstanceView> Registry::view_of(const Caller& caller) const {
  std::optional<wire::InstanceView> view;
  with(caller.endpoint, [&](Endpoint& endpoint) {
    const auto* instance = instance_of(endpoint, caller);
    if (!instance) return;
    const auto now = clock_.steady();
    view.emplace();
    view->time = clock_.wall();
    view->name = endpoint.record.name;
    view->tunnel = tunnel_address_;
    if (instance->record.last_seen)
      view->silent_for = std::max(milliseconds{0}, view->time - *instance->record.last_seen);
    view->silence_allowed =
        fleet::silence_allowed(endpoint.settings.interval, endpoint.settings.hold);
    view->held = instance->hold != nullptr;
    view->has_tunnel = endpoint.has_tunnel_to(caller.instance);
    view->cloned = age_of(instance->cloned_at, now);
    view->hold = endpoint.settings.hold;
    view->hold_in_use = instance->hold_in_use;
    view->failure = instance->failure;
    view->failure_detail = instance->failure_detail;
  });
  return view;
}

boost::system::result<wire::Offer, milliseconds> Registry::make_trial(const Caller& caller) {
  boost::system::result<wire::Offer, milliseconds> answer = milliseconds{1'000};
  with(caller.endpoint, [&](Endpoint& endpoint) {
    auto* instance = instance_of(endpoint, caller);
    if (!instance) return;
    auto& trials = instance->trials;
    if (trials.live) return;
    if (const auto wait = patience(trials.asked, clock_.steady())) {
      answer = *wait;
      return;
    }
    trials.asked.push_back(clock_.steady());
    wire::Offer offer;
    const auto tunnel = crypto::new_tunnel_id();
    const auto credential = seal_offer(endpoint, caller.instance, tunnel, offer);
    const std::lock_guard lock(credentials_mutex_);
    if (trials.credential) trials_.erase(trials.credential->tunnel);
    trials.credential = credential;
    trials_[tunnel] = caller;
    answer = std::move(offer);
  });
  return answer;
}

std::optional<Caller> Registry::consume_trial(const TunnelId& user, const std::string& password) {
  Caller caller;
  {
    const std::lock_guard lock(credentials_mutex_);
    const auto found = trials_.find(user);
    if (found == trials_.end()) return std::nullopt;
    caller = found->second;
  }
  bool good = false;
  with(caller.endpoint, [&](Endpoint& endpoint) {
    auto* instance = instance_of(endpoint, caller);
    if (!instance) return;
    auto& trials = instance->trials;
    if (!trials.credential || trials.credential->tunnel != user) return;
    if (clock_.steady() >= trials.credential->expires) return;
    if (!equal_in_constant_time(trials.credential->password_hash, crypto::sha256(password))) return;
    good = trials.live = true;
    trials.credential.reset();
    const std::lock_guard lock(credentials_mutex_);
    trials_.erase(user);
  });
  if (!good) return std::nullopt;
  return caller;
}

void Registry::trial_ended(const Caller& caller) {
  with(caller.endpoint, [&](Endpoint& endpoint) {
    if (auto* instance = instance_of(endpoint, caller)) instance->trials.live = false;
  });
}

}  // namespace edge::server
