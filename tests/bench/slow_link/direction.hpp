// One direction of a slow link: when a frame that comes now leaves at the other end, or that it is
// lost because the queue before the bottleneck is full. Pure: the time is given.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>

namespace edge::bench {

using LinkClock = std::chrono::steady_clock;

struct LinkKind {
  LinkClock::duration delay{};      // one way
  double bytes_per_second = 0;      // 0: without a bottleneck
  LinkClock::duration most_wait{};  // in the queue before the bottleneck; longer is lost
};

class Direction {
 public:
  explicit Direction(const LinkKind& kind) : kind_(kind) {}

  void take(std::string frame, LinkClock::time_point now) {
    if (frames_.size() >= kMostFrames) return;
    auto leaves = now;
    if (kind_.bytes_per_second > 0) {
      const auto starts = std::max(now, free_);
      if (starts - now > kind_.most_wait) return;
      const std::chrono::duration<double> takes(static_cast<double>(frame.size()) /
                                                kind_.bytes_per_second);
      leaves = free_ = starts + std::chrono::duration_cast<LinkClock::duration>(takes);
    }
    frames_.push_back({leaves + kind_.delay, std::move(frame)});
  }
  // The next frame whose time has come.
  std::optional<std::string> give(LinkClock::time_point now) {
    if (frames_.empty() || frames_.front().due > now) return std::nullopt;
    auto frame = std::move(frames_.front().bytes);
    frames_.pop_front();
    return frame;
  }
  std::optional<LinkClock::time_point> next() const {
    if (frames_.empty()) return std::nullopt;
    return frames_.front().due;
  }

 private:
  struct Frame {
    LinkClock::time_point due;
    std::string bytes;
  };
  static constexpr std::size_t kMostFrames = 1U << 16;  // 100 MB: no queue of a network, a bound

  LinkKind kind_;
  LinkClock::time_point free_{};  // when the bottleneck has sent what it has
  std::deque<Frame> frames_;
};

}  // namespace edge::bench
