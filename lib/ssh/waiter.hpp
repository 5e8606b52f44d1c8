// What one coroutine waits for until somebody on the same loop rings; a ring before the wait
// counts. Thread rule: one loop. ring() may be called inside of a libssh callback: it only records.
#pragma once

#include <boost/asio/this_coro.hpp>
#include <utility>

#include "net/task.hpp"

namespace edge::ssh {

class Waiter {
 public:
  explicit Waiter(net::asio::any_io_executor executor) : timer_(executor) {
    timer_.expires_at(SteadyTime::max());
  }

  void ring() {
    rung_ = true;
    timer_.cancel();
  }
  // False: the waiting task was cancelled.
  net::Task<bool> wait() {
    if (!std::exchange(rung_, false)) {
      co_await timer_.async_wait(net::as_values);
      rung_ = false;
    }
    const auto state = co_await net::asio::this_coro::cancellation_state;
    co_return state.cancelled() == net::asio::cancellation_type::none;
  }

 private:
  net::asio::steady_timer timer_;
  bool rung_ = false;
};

}  // namespace edge::ssh
