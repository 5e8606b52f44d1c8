// A bell: one coroutine waits on its own loop, anybody on any thread rings.
#pragma once

#include <memory>

#include "net/bell.hpp"
#include "net/task.hpp"

namespace edge::net {

// Owned by whoever waits and whoever may ring: a ring must find it alive.
class Notify final : public Bell, public std::enable_shared_from_this<Notify> {
 public:
  explicit Notify(asio::any_io_executor executor) : executor_(executor), timer_(executor) {}

  void ring() override;
  // On the loop of the executor. True: rung; false: `at_most` passed, or cancelled.
  Task<bool> wait(milliseconds at_most);
  asio::any_io_executor executor() const { return executor_; }

 private:
  asio::any_io_executor executor_;
  asio::steady_timer timer_;
  bool rung_ = false;
};

}  // namespace edge::net
