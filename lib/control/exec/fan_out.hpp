// Which of many endpoints is next, given how those before it ended: the limits, the batches and an
// operator's interrupt in one place. Pure: it starts nothing, its owner does what next() says.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <vector>

namespace edge::control {

class FanOut {
 public:
  struct Limits {
    std::size_t parallel = 1;  // at least 1
    std::size_t batch = 0;     // ended to the last one before the next begin; 0: no batches
    std::optional<std::size_t> failures;  // so many may fail; one more, and nothing starts any more
  };
  enum class State { ready, waiting, running, paused, ended };
  enum class Stop { none, interrupted, too_many_failed };
  struct Counts {
    std::size_t all = 0, ended = 0, failed = 0, running = 0, paused = 0, waiting = 0;
    std::size_t left() const noexcept { return all - ended - running - paused; }
    bool operator==(const Counts&) const = default;
  };

  // All are ready. They are known by their number, and start in that order.
  FanOut(std::size_t count, Limits limits);

  // The one to start now, which is running from then on; nothing: wait until one ends, or over.
  std::optional<std::size_t> next();

  // One that must not start yet (it is offline), and that it may now.
  void hold_back(std::size_t number);
  void release(std::size_t number);
  // A running one that is out of reach gives its place to another, as long as no more than
  // `parallel` do: what they keep open is bounded by twice that.
  void pause(std::size_t number);
  void go_on(std::size_t number);
  // From whatever state; once.
  void end(std::size_t number, bool failed);
  // Nothing starts any more.
  void interrupt();

  bool is_over() const noexcept;  // nothing runs, and nothing will start
  Stop stopped() const noexcept { return stopped_; }
  const Counts& counts() const noexcept { return counts_; }
  State state(std::size_t number) const { return states_[number]; }

 private:
  void set(std::size_t number, State state);
  void open_next_batches();
  std::size_t* count_of(State state);

  const Limits limits_;
  Counts counts_;
  Stop stopped_ = Stop::none;
  std::vector<State> states_;
  std::set<std::size_t> ready_;    // of all batches, the smallest first
  std::size_t batch_end_ = 0;      // those below it may start
  std::size_t open_in_batch_ = 0;  // of them, not ended
};

}  // namespace edge::control
