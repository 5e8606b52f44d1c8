// What a peer's packets may cost. Whoever moves bytes of streams earns the time that this takes;
// whoever costs time without (a storm of key exchanges, of requests, of one-byte packets) has a
// small share of the loop and then waits, so that the other tunnels of the loop do not. Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/time.hpp"

namespace edge::ssh {

class Allowance {
 public:
  using nanoseconds = std::chrono::nanoseconds;
  static constexpr int kShare = 20;                        // one part in so many of the loop's time
  static constexpr nanoseconds kMost{20'000'000};          // that may be saved up
  static constexpr nanoseconds kMostDebt{10'000'000};      // so that no pause is longer than 200 ms
  static constexpr nanoseconds kEarnedByKilobyte{20'000};  // five times what it costs
  static constexpr nanoseconds kEarnedByWrite{200'000};

  explicit Allowance(SteadyTime now) : since_(now) {}

  // What we write wants an answer: a key its echo. Who writes is no peer but one of us.
  void earn_answer() { left_ = std::min(kMost, left_ + kEarnedByWrite); }
  void earn(std::uint64_t bytes) {
    left_ = std::min(kMost, left_ + kEarnedByKilobyte * static_cast<std::int64_t>(bytes) / 1024);
  }
  // How long its packets must wait before the next turn; nothing, as a rule.
  milliseconds spend(nanoseconds cost, SteadyTime now) {
    left_ = std::min(kMost, left_ + (now - since_) / kShare);
    since_ = now;
    left_ = std::max(-kMostDebt, left_ - cost);
    if (left_.count() > 0) return milliseconds{0};
    return std::chrono::ceil<milliseconds>(-left_ * kShare) + milliseconds{1};
  }

 private:
  nanoseconds left_ = kMost;
  SteadyTime since_;
};

}  // namespace edge::ssh
