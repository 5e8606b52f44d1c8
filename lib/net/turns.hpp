// Heavy pieces of work on a loop, one for each of its passes: what became ready meanwhile is served
// between two of them, however many wait. Thread rule: the loop's own thread.
#pragma once

#include <deque>
#include <memory>

#include "net/task.hpp"

namespace edge::net {

class Turns {
 public:
  explicit Turns(asio::any_io_executor executor) : executor_(std::move(executor)) {}
  Turns(const Turns&) = delete;

  // Returns when it is the caller's turn, in the order of asking; false when it was cancelled.
  Task<bool> wait();

 private:
  struct Turn {
    asio::steady_timer timer;  // cancelled to say "your turn"
    bool has_come = false;
  };
  void next();

  asio::any_io_executor executor_;
  std::deque<std::shared_ptr<Turn>> waiting_;
  bool running_ = false;
};

}  // namespace edge::net
