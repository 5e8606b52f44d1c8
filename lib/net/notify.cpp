#include "net/notify.hpp"

#include <boost/asio/post.hpp>

namespace edge::net {

void Notify::ring() {
  asio::post(executor_, [self = shared_from_this()] {
    self->rung_ = true;
    self->timer_.cancel();
  });
}

Task<bool> Notify::wait(milliseconds at_most) {
  auto self = shared_from_this();
  if (!rung_) {
    timer_.expires_after(at_most);
    co_await timer_.async_wait(as_values);
  }
  co_return std::exchange(rung_, false);
}

}  // namespace edge::net
