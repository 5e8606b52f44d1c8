// When to ask a silent peer whether it is there, and when to give it up. Anything that is heard
// says that it is there, so of two peers that both probe, one asks and the other only hears it.
// Pure.
#pragma once

#include <algorithm>

#include "base/time.hpp"

namespace edge::ssh {

class ProbeClock {
 public:
  static constexpr int kMisses = 3;
  static constexpr milliseconds kWhileLive{1'000};  // while a session lives its silence counts

  // `most_grace`: of the side that would rather hear than ask; a fifth of the interval, up to this.
  ProbeClock(milliseconds every, milliseconds most_grace)
      : every_(every), most_grace_(most_grace) {}

  void set_every(milliseconds every) { every_ = every; }
  void set_live(bool live) { live_ = live; }

  bool is_lost(SteadyTime last_heard, SteadyTime now) const {
    return now - last_heard >= kMisses * every_;
  }
  // While a session lives: nothing has come for long enough to look for another way.
  bool is_silent(SteadyTime last_heard, SteadyTime now) const {
    return live_ && now >= last_heard + silence();
  }
  // True: probe now.
  bool is_due(SteadyTime last_heard, SteadyTime now) {
    if (now < next_probe(last_heard)) return false;
    asked_ = now;
    return true;
  }
  // When one of them may come true.
  SteadyTime next(SteadyTime last_heard) const {
    const auto next = std::min(next_probe(last_heard), last_heard + kMisses * every_);
    return live_ ? std::min(next, last_heard + silence()) : next;
  }

 private:
  milliseconds silence() const { return kMisses * std::min(every_, kWhileLive); }
  SteadyTime next_probe(SteadyTime last_heard) const {
    const auto pause =
        live_ ? std::min(every_, kWhileLive) : every_ + std::min(every_ / 5, most_grace_);
    return std::max(last_heard, asked_) + pause;
  }

  milliseconds every_, most_grace_;
  SteadyTime asked_{};
  bool live_ = false;
};

}  // namespace edge::ssh
