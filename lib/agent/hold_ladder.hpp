// How long an agent offers to be held where something on the way (a proxy, a NAT) cuts connections
// on which nothing moves. Pure: told what happened and when, says what to ask for.
//
// One cut says little: edged was killed, or the network broke. So a cut counts only once edged was
// heard again, at once and as the same edged, and the first step needs two that are alike. After a
// step and until a shorter wait has been lived through, each further cut is another step, so that
// three at most lead to plain polling. The whole wait is tried again once an hour, at the price of
// one cut, and at once when the order or the way to edged changed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace edge::agent {

struct HoldLimits {
  milliseconds floor{5'000};           // shorter is not worth it; nor is shorter than the interval
  std::chrono::minutes try_again{60};  // the whole wait
};

class HoldLadder {
 public:
  explicit HoldLadder(HoldLimits limits = {}) : limits_(limits) {}

  // An answer that comes faster than this was not held back.
  static bool was_held(milliseconds asked, milliseconds took);

  // What edged ordered; hold 0 is off. Another order starts over.
  void order(milliseconds interval, milliseconds hold);
  // Where the connection goes and where it comes from. Another way starts over.
  void take_way(const std::string& way);

  // What to ask for; 0: no hold.
  milliseconds next(SteadyTime now) const;
  // Edged's own answer "not needed" to such a wait.
  void answered(milliseconds asked, milliseconds took);
  // The connection ended, or somebody else answered; nothing for `age`: an answer never came.
  void cut(milliseconds asked, std::optional<milliseconds> age);
  // What followed a cut. `same`: edged answered, and it is the one that was asked before; otherwise
  // it was not there, or is a new one, and the cut was its end.
  void settle(bool same, SteadyTime now);

  // The wait in use when it is not what was ordered; 0: plain polling.
  std::optional<milliseconds> shortened() const;
  // Where held check-ins are answered at once: pause for the interval after each.
  bool is_pointless() const { return early_ > kMostEarly; }

 private:
  struct Cut {
    milliseconds asked{0};
    std::optional<milliseconds> age;
  };
  static constexpr int kMostEarly = 2;

  static bool alike(const Cut& one, const Cut& other);
  static milliseconds below(const Cut& cut);
  void count(Cut cut, SteadyTime now);
  void step_to(milliseconds wait, SteadyTime now);
  void start_over();

  HoldLimits limits_;
  milliseconds interval_{0}, hold_{0};  // as ordered
  std::string way_;
  std::optional<milliseconds> limit_;  // in use instead of hold_
  SteadyTime again_{};                 // when the whole wait is due, with a limit_
  std::vector<Cut> row_;               // in a row, since a wait was lived through
  std::optional<Cut> unsettled_;
  int steps_ = 0;  // since a wait was lived through
  int early_ = 0;  // waits in a row that were answered at once
};

}  // namespace edge::agent
