// A bandwidth as arithmetic: who may pass how many bytes, and when. Pure: the time is a parameter.
#pragma once

#include <cstdint>

#include "base/time.hpp"

namespace edge::net {

// Takers stand in one line of bytes, in the order of asking; the line moves at the rate. In any
// second no more than 10 % above the rate passes, if takers keep to piece_of(): what may come at
// once after a pause, or ahead of its time, adds up to 100 ms. Thread rule: none of its own.
class TokenBucket {
 public:
  // A place in the line.
  struct Place {
    double at = 0;
    std::size_t bytes = 0;
  };
  // What is small enough to overtake (pass_small).
  static constexpr std::size_t kSmall = 512;

  // REQUIRES: not 0, here and below.
  explicit TokenBucket(std::uint64_t bytes_per_second, SteadyTime now = {});

  // Whoever stands in line keeps the place, and the line moves at the new rate.
  void set(std::uint64_t bytes_per_second, SteadyTime now);
  // After a time without a limit: whoever still stands in line may pass.
  void start_anew(std::uint64_t bytes_per_second, SteadyTime now);
  // How much to take at once: of several takers each has its turn soon, and none makes a burst.
  static std::size_t piece_of(std::uint64_t bytes_per_second) noexcept;

  Place stand_in_line(std::size_t bytes, SteadyTime now);
  void leave_line(const Place& place);  // without having passed
  // How long until the bytes of the place may pass: 0, now. To be asked again after it: small ones
  // may have overtaken, or the rate may have changed.
  std::chrono::nanoseconds wait(const Place& place, SteadyTime now);
  // Keystrokes do not stand behind bulk: true, these bytes may pass now, and the line stands still
  // for as long as they take. Half of the rate at most goes that way; false beyond it.
  bool pass_small(std::size_t bytes, SteadyTime now);

 private:
  void move_line(SteadyTime now);

  std::uint64_t rate_;
  SteadyTime moved_at_;
  double head_ = 0;        // of the line: whose place is not behind it may pass
  double tail_ = 0;        // where the next one stands
  double small_room_ = 0;  // bytes that may overtake right now
};

}  // namespace edge::net
