// How late a loop is: a timer a loop that looks three times a second at how long after its time it
// fired. A loop that blocks, or that has more to do than it can, is late.
//
// Thread rule: watch() on the loop; the rest from any thread.
#pragma once

#include <array>
#include <atomic>
#include <chrono>

#include "net/task.hpp"

namespace edge::net {

class LoopLag {
 public:
  using microseconds = std::chrono::microseconds;
  // Three wake-ups a second are all that an idle loop pays.
  static constexpr milliseconds kEvery{333};

  // Looks until it is cancelled. The LoopLag outlives the task.
  Task<> watch();

  // The lateness of the last look, or of the one that is overdue now, if that is more: a loop that
  // is stuck cannot tell itself.
  microseconds last(SteadyTime now) const;
  // The worst of the last minute, to some ten seconds.
  microseconds worst(SteadyTime now) const;

  // What watch() tells: when it wants to be woken, and that it was.
  void due(SteadyTime at);
  void fired(SteadyTime now);

 private:
  using Count = std::atomic<std::int64_t>;
  static constexpr std::int64_t kSlotSeconds = 10;
  static constexpr std::int64_t kSlots = 7;  // the one that fills up, and a whole minute
  struct Slot {
    Count period{-1};  // which ten seconds
    Count worst{0};    // microseconds
  };
  std::array<Slot, kSlots> slots_;
  Count last_{0};
  Count due_{0};  // microseconds of the steady clock; 0: not watching
};

}  // namespace edge::net
