// What one coroutine waits for until somebody on the same loop rings; a ring before the wait
// counts. Thread rule: one loop. ring() may be called inside of a libssh callback: it only records.
#pragma once

#include <boost/asio/this_coro.hpp>
#include <utility>

#include "net/task.hpp"

namespace edge::net {

class Waiter {
 public:
  explicit Waiter(asio::any_io_executor executor) : timer_(executor) {
    timer_.expires_at(SteadyTime::max());
  }

  void ring() {
    rung_ = true;
    timer_.cancel();
  }
  // False: the waiting task was cancelled.
  Task<bool> wait() {
    if (!std::exchange(rung_, false)) {
      co_await timer_.async_wait(as_values);
      rung_ = false;
    }
    const auto state = co_await asio::this_coro::cancellation_state;
    co_return state.cancelled() == asio::cancellation_type::none;
  }

 private:
  asio::steady_timer timer_;
  bool rung_ = false;
};

}  // namespace edge::net
