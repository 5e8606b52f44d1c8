// How long edged itself takes for a check-in that is not held: from the request's last byte read to
// the answer handed over. A histogram that only grows; who wants a rate takes two readings.
// Thread rule: any thread.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace edge::server {

class ServiceTimes {
 public:
  // Upper bounds in microseconds; one count more than bounds, the last is "longer".
  static constexpr std::array<std::uint32_t, 17> kBounds{
      10, 20, 30, 40, 50, 75, 100, 150, 200, 300, 500, 750, 1'000, 2'000, 5'000, 10'000, 50'000};
  using Counts = std::array<std::uint64_t, kBounds.size() + 1>;

  void add(std::chrono::nanoseconds took) noexcept {
    const auto up_to = std::chrono::ceil<std::chrono::microseconds>(took).count();
    const auto at = std::lower_bound(kBounds.begin(), kBounds.end(), up_to) - kBounds.begin();
    counts_[static_cast<std::size_t>(at)].fetch_add(1, std::memory_order_relaxed);
  }
  Counts counts() const noexcept {
    Counts all{};
    for (std::size_t i = 0; i < all.size(); ++i)
      all[i] = counts_[i].load(std::memory_order_relaxed);
    return all;
  }

 private:
  std::array<std::atomic<std::uint64_t>, kBounds.size() + 1> counts_{};
};

}  // namespace edge::server
