// How many agents may be on their way to the tunnel port at once: credentials are handed out only
// with a slot, so that none of them expires in a queue. A slot ends with the login, or when its
// time is over, whatever became of the agent. Pure.
#pragma once

#include <deque>
#include <unordered_set>
#include <utility>

#include "base/ids.hpp"
#include "base/time.hpp"

namespace edge::fleet {

class HandshakeSlots {
 public:
  explicit HandshakeSlots(std::size_t most) : most_(most) {}

  // False: all are taken.
  bool take(const TunnelId& tunnel, SteadyTime until, SteadyTime now) {
    while (!by_time_.empty() && (by_time_.front().first <= now || !is_taken(by_time_.front()))) {
      if (is_taken(by_time_.front())) taken_.erase(by_time_.front().second);
      by_time_.pop_front();
    }
    if (taken_.size() >= most_) return false;
    taken_.insert(tunnel);
    by_time_.emplace_back(until, tunnel);
    return true;
  }
  void give(const TunnelId& tunnel) { taken_.erase(tunnel); }
  std::size_t taken() const noexcept { return taken_.size(); }

 private:
  bool is_taken(const std::pair<SteadyTime, TunnelId>& entry) const {
    return taken_.count(entry.second) > 0;
  }

  const std::size_t most_;
  std::unordered_set<TunnelId> taken_;
  std::deque<std::pair<SteadyTime, TunnelId>> by_time_;  // as taken; some were given back
};

}  // namespace edge::fleet
