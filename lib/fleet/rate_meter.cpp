#include "fleet/rate_meter.hpp"

namespace edge::fleet {

void RateMeter::sample(SteadyTime now, std::uint64_t count) {
  samples_.push_back({now, count});
  // Two stay, however late the last look was.
  while (samples_.size() > 2 && samples_.front().time + window_ < now) samples_.pop_front();
}

double RateMeter::per_second() const {
  if (samples_.size() < 2) return 0;
  const std::chrono::duration<double> time = samples_.back().time - samples_.front().time;
  if (time.count() <= 0) return 0;
  return static_cast<double>(samples_.back().count - samples_.front().count) / time.count();
}

}  // namespace edge::fleet
