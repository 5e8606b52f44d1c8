#include "net/rate_limit.hpp"

#include <algorithm>
#include <boost/asio/this_coro.hpp>

namespace edge::net {
namespace {
// Whoever waits looks again after so long: nobody rings when the limit changes.
constexpr milliseconds kLookAgain{100};

SteadyTime now() {
  return std::chrono::steady_clock::now();
}
}  // namespace

void RateLimit::set(std::uint64_t bytes_per_second) {
  const std::lock_guard lock(mutex_);
  if (bytes_per_second == rate()) return;
  if (bytes_per_second != 0) {
    is_on() ? bucket_.set(bytes_per_second, now()) : bucket_.start_anew(bytes_per_second, now());
  }
  rate_ = bytes_per_second;
}

std::size_t RateLimit::piece(std::size_t most) const noexcept {
  const auto bytes_per_second = rate();
  return bytes_per_second == 0 ? most : std::min(most, TokenBucket::piece_of(bytes_per_second));
}

Task<bool> RateLimit::take(std::size_t bytes) {
  if (!is_on()) co_return true;
  TokenBucket::Place place;
  {
    const std::lock_guard lock(mutex_);
    place = bucket_.stand_in_line(bytes, now());
  }
  bool go_on = true;
  while (go_on && is_on()) {
    std::chrono::nanoseconds wait{0};
    {
      const std::lock_guard lock(mutex_);
      wait = bucket_.wait(place, now());
    }
    if (wait.count() == 0) co_return true;
    const auto pause = std::min(kLookAgain, std::chrono::ceil<milliseconds>(wait));
    go_on = co_await sleep(pause);
  }
  const std::lock_guard lock(mutex_);
  bucket_.leave_line(place);
  co_return go_on;
}

bool RateLimit::take_small(std::size_t bytes) {
  if (!is_on()) return true;
  const std::lock_guard lock(mutex_);
  return bucket_.pass_small(bytes, now());
}

}  // namespace edge::net
