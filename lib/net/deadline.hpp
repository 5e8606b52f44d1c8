// A bound on a stretch of work: when it passes, the action runs (it usually closes a stream, so
// that whatever waits on it ends with an error). Ends with its scope.
//   Deadline deadline(executor, 10s, [&] { stream.close(); });
#pragma once

#include <functional>
#include <memory>

#include "net/task.hpp"

namespace edge::net {

class Deadline {
 public:
  Deadline(asio::any_io_executor executor, milliseconds after, std::function<void()> action);
  Deadline(const Deadline&) = delete;
  ~Deadline();
  void extend(milliseconds after);  // starts anew
  bool passed() const noexcept { return state_->passed; }

 private:
  struct State {
    explicit State(const asio::any_io_executor& executor) : timer(executor) {}
    asio::steady_timer timer;
    std::function<void()> action;
    bool passed = false;
    bool over = false;  // a timer handler that is already queued must not touch what is gone
  };
  static void arm(const std::shared_ptr<State>& state, milliseconds after);
  std::shared_ptr<State> state_;
};

}  // namespace edge::net
