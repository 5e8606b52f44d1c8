#include "net/token_bucket.hpp"

#include <algorithm>

namespace edge::net {
namespace {

// As parts of a second. Who comes after a pause, or whose timer fired late, may catch up so much;
// without it a busy machine would stay below the rate.
constexpr double kCatchUp = 0.060;
// So much may pass before its time, so that a fast rate needs a timer each 10 ms and not for each
// chunk.
constexpr double kAhead = 0.010;
constexpr double kPiece = 0.020;
constexpr double kSmallBurst = 0.010;
constexpr std::size_t kLeastPiece = 50;  // at the slowest rate 5 % of a second

}  // namespace

TokenBucket::TokenBucket(std::uint64_t bytes_per_second, SteadyTime now)
    : rate_(bytes_per_second), moved_at_(now) {
  small_room_ = std::max(kSmallBurst * static_cast<double>(rate_), double{kSmall});
}

std::size_t TokenBucket::piece_of(std::uint64_t bytes_per_second) noexcept {
  const auto piece = kPiece * static_cast<double>(bytes_per_second);
  return std::max(kLeastPiece, static_cast<std::size_t>(piece));
}

void TokenBucket::move_line(SteadyTime now) {
  const auto rate = static_cast<double>(rate_);
  const auto seconds =
      std::max(0.0, std::chrono::duration<double>(now - moved_at_).count());  // clocks of threads
  head_ += rate * seconds;
  tail_ = std::max(tail_, head_ - kCatchUp * rate);
  small_room_ =
      std::min(small_room_ + rate / 2 * seconds, std::max(kSmallBurst * rate, double{kSmall}));
  moved_at_ = std::max(moved_at_, now);
}

void TokenBucket::set(std::uint64_t bytes_per_second, SteadyTime now) {
  move_line(now);
  rate_ = bytes_per_second;
  // What could be caught up with at a fast rate would be a burst at a slow one.
  tail_ = std::max(tail_, head_ - kCatchUp * static_cast<double>(rate_));
}

void TokenBucket::start_anew(std::uint64_t bytes_per_second, SteadyTime now) {
  rate_ = bytes_per_second;
  moved_at_ = std::max(moved_at_, now);
  head_ = tail_ = std::max(head_, tail_);
}

TokenBucket::Place TokenBucket::stand_in_line(std::size_t bytes, SteadyTime now) {
  move_line(now);
  const Place place{tail_, bytes};
  tail_ += static_cast<double>(bytes);
  return place;
}

void TokenBucket::leave_line(const Place& place) {
  tail_ -= static_cast<double>(place.bytes);
}

std::chrono::nanoseconds TokenBucket::wait(const Place& place, SteadyTime now) {
  move_line(now);
  const auto rate = static_cast<double>(rate_);
  const double missing = place.at - head_;
  if (missing <= kAhead * rate) return std::chrono::nanoseconds{0};
  return std::chrono::ceil<std::chrono::nanoseconds>(std::chrono::duration<double>(missing / rate));
}

bool TokenBucket::pass_small(std::size_t bytes, SteadyTime now) {
  move_line(now);
  const auto size = static_cast<double>(bytes);
  if (bytes > kSmall || size > small_room_) return false;
  small_room_ -= size;
  // Against the line, not behind it: those who stand in it already wait for these bytes, too.
  head_ -= size;
  return true;
}

}  // namespace edge::net
