// Who holds it may go on, one at a time. Thread rule: one loop.
#pragma once

#include "net/task.hpp"

namespace edge::control {

class Baton {
 public:
  explicit Baton(net::asio::any_io_executor executor) : given_(executor) {
    given_.expires_at(SteadyTime::max());
  }
  net::Task<> take() {
    while (taken_) co_await given_.async_wait(net::as_values);
    taken_ = true;
  }
  void give() {
    taken_ = false;
    given_.cancel();
  }

 private:
  net::asio::steady_timer given_;
  bool taken_ = false;
};

}  // namespace edge::control
