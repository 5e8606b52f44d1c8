#include "net/loop_lag.hpp"

#include <algorithm>

namespace edge::net {
namespace {

using std::chrono::duration_cast;

std::int64_t micros(SteadyTime time) {
  return duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

std::int64_t period_of(SteadyTime time, std::int64_t seconds) {
  return duration_cast<std::chrono::seconds>(time.time_since_epoch()).count() / seconds;
}

}  // namespace

Task<> LoopLag::watch() {
  for (;;) {
    due(std::chrono::steady_clock::now() + kEvery);
    const bool go_on = co_await sleep(kEvery);
    if (!go_on) break;
    fired(std::chrono::steady_clock::now());
  }
  due_ = 0;
}

void LoopLag::due(SteadyTime at) {
  due_.store(micros(at), std::memory_order_relaxed);
}

// The one writer. A reader that sees the new period sees its worst, too, or an even newer one.
void LoopLag::fired(SteadyTime now) {
  const auto late = std::max<std::int64_t>(0, micros(now) - due_.load(std::memory_order_relaxed));
  last_.store(late, std::memory_order_relaxed);
  const auto period = period_of(now, kSlotSeconds);
  auto& slot = slots_[static_cast<std::size_t>(period % kSlots)];
  const bool begins = slot.period.load(std::memory_order_relaxed) != period;
  if (!begins && late <= slot.worst.load(std::memory_order_relaxed)) return;
  slot.worst.store(late, std::memory_order_relaxed);
  slot.period.store(period, std::memory_order_release);
}

LoopLag::microseconds LoopLag::last(SteadyTime now) const {
  const auto due = due_.load(std::memory_order_relaxed);
  const auto overdue = due == 0 ? 0 : micros(now) - due;
  return microseconds(std::max(overdue, last_.load(std::memory_order_relaxed)));
}

LoopLag::microseconds LoopLag::worst(SteadyTime now) const {
  const auto period = period_of(now, kSlotSeconds);
  auto worst = last(now).count();
  for (const auto& slot : slots_) {
    const auto of = slot.period.load(std::memory_order_acquire);
    if (of < 0 || period - of >= kSlots) continue;
    worst = std::max(worst, slot.worst.load(std::memory_order_relaxed));
  }
  return microseconds(worst);
}

}  // namespace edge::net
