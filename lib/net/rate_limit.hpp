// A bandwidth that any number of streams share, on any loops, each its fair part; it can be changed
// while they run.
#pragma once

#include <atomic>
#include <mutex>

#include "net/task.hpp"
#include "net/token_bucket.hpp"

namespace edge::net {

// Owned by whoever sets it and by those who take. Thread rule: any thread; take() waits on the loop
// of who awaits it. Off, it costs one relaxed load.
//   const auto size = std::min(wanted, limit.piece());
//   const bool go_on = co_await limit.take(size);
class RateLimit {
 public:
  explicit RateLimit(std::uint64_t bytes_per_second = 0) { set(bytes_per_second); }
  RateLimit(const RateLimit&) = delete;

  void set(std::uint64_t bytes_per_second);  // 0: no limit; who waits hears of it within 100 ms
  std::uint64_t rate() const noexcept { return rate_.load(std::memory_order_relaxed); }
  bool is_on() const noexcept { return rate() != 0; }

  // How much to pass at once, `most` where that is less. Who takes more makes a burst of it.
  std::size_t piece(std::size_t most = SIZE_MAX) const noexcept;
  // Returns when so many bytes may pass; false: the waiting task was cancelled, and they may not.
  Task<bool> take(std::size_t bytes);
  // For what somebody typed: true, it may pass now, before those who wait. False: take() it.
  bool take_small(std::size_t bytes);

 private:
  std::atomic<std::uint64_t> rate_{0};
  std::mutex mutex_;
  TokenBucket bucket_{1};  // under mutex_; its rate counts only while rate_ is not 0
};

}  // namespace edge::net
