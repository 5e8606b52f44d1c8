#include "net/turns.hpp"

#include <boost/asio/post.hpp>

namespace edge::net {

Task<bool> Turns::wait() {
  const auto turn = std::make_shared<Turn>(Turn{asio::steady_timer(executor_, SteadyTime::max())});
  waiting_.push_back(turn);
  if (!std::exchange(running_, true)) asio::post(executor_, [this] { next(); });
  co_await turn->timer.async_wait(as_values);
  co_return turn->has_come;
}

// Posted anew each time: the loop looks for what is ready between two posts of one handler.
void Turns::next() {
  if (waiting_.empty()) {
    running_ = false;
    return;
  }
  const auto turn = std::move(waiting_.front());
  waiting_.pop_front();
  turn->has_come = true;
  turn->timer.cancel();
  asio::post(executor_, [this] { next(); });
}

}  // namespace edge::net
