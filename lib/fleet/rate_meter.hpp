// How often something happens, from a count that only rises and is looked at now and then: what is
// counted pays nothing for it.
// Thread rule: one thread at a time.
#pragma once

#include <deque>

#include "base/time.hpp"

namespace edge::fleet {

class RateMeter {
 public:
  explicit RateMeter(milliseconds window) : window_(window) {}

  void sample(SteadyTime now, std::uint64_t count);
  // Between the last look and the first one of the window; 0 before the second.
  double per_second() const;

 private:
  struct Sample {
    SteadyTime time;
    std::uint64_t count;
  };
  const milliseconds window_;
  std::deque<Sample> samples_;
};

}  // namespace edge::fleet
