// Exponential back-off with full jitter: a uniform draw from zero to a limit that doubles. Never
// gives up.
#pragma once

#include <algorithm>

#include "base/time.hpp"

namespace edge::agent {

class Backoff {
 public:
  Backoff(milliseconds least, milliseconds most) : least_(least), most_(most) {}

  // `fraction`: a random number in [0, 1).
  milliseconds next(double fraction) {
    const auto before = limit_;
    limit_ = limit_.count() == 0 ? least_ : std::min(most_, limit_ * 2);
    raised_ = limit_ != before;
    ++failures_;
    return milliseconds(static_cast<std::int64_t>(fraction * static_cast<double>(limit_.count())));
  }
  void reset() {
    limit_ = milliseconds{0};
    failures_ = 0;
  }
  int failures() const noexcept { return failures_; }
  // Whether the last draw raised the limit: the moments that are worth a line in the log.
  bool at_new_step() const noexcept { return raised_; }

 private:
  milliseconds least_, most_, limit_{0};
  int failures_ = 0;
  bool raised_ = false;
};

}  // namespace edge::agent
