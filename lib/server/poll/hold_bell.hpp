// The bell of a held check-in: heard on its connection's loop. The registry keeps it for as long as
// it is the newest of its instance, which may be longer than the connection lives.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <memory>

#include "net/bell.hpp"
#include "server/poll/poll_connection.hpp"

namespace edge::server {

class HoldBell final : public net::Bell, public std::enable_shared_from_this<HoldBell> {
 public:
  HoldBell(boost::asio::any_io_executor executor, PollConnection* connection)
      : executor_(executor), connection_(connection) {}

  void ring() override {
    if (rung_.exchange(true)) return;
    boost::asio::post(executor_, [self = shared_from_this()] {
      self->rung_ = false;  // first: a ring while it is heard must be heard again
      if (self->connection_ != nullptr) self->connection_->rung();
    });
  }
  void forget() noexcept { connection_ = nullptr; }  // on the loop; nobody hears it any more

 private:
  boost::asio::any_io_executor executor_;
  PollConnection* connection_;  // on the loop only
  std::atomic<bool> rung_{false};
};

}  // namespace edge::server
