#include "server/handshake_queue.hpp"

#include <algorithm>
#include <utility>

namespace edge::server {

HandshakeQueue::HandshakeQueue(net::asio::any_io_executor executor, Limits limits)
    : executor_(std::move(executor)),
      limits_{std::max<std::size_t>(limits.served, 1),
              std::max<std::size_t>(limits.served_of_source, 1)} {}

bool HandshakeQueue::may_serve(std::uint64_t key, const Source& source) const {
  return served_ < limits_.served && (key == 0 || source.served < limits_.served_of_source);
}

bool HandshakeQueue::may_tell() const {
  return waiting_ >= kWaitingForServed * limits_.served &&
         told_ < std::max<std::size_t>(limits_.served / kServedForTold, 1);
}

net::Task<std::optional<HandshakeQueue::Slot>> HandshakeQueue::enter(std::uint64_t key,
                                                                     milliseconds patience) {
  std::optional<Slot> slot;
  auto& source = sources_[key];
  if (source.line.empty() && may_serve(key, source)) {
    ++served_;
    ++source.served;
    slot.emplace(Slot(*this, key, /*to_be_told=*/false));
    co_return slot;
  }
  if (may_tell()) {
    forget_if_empty(key);
    ++told_;
    slot.emplace(Slot(*this, key, /*to_be_told=*/true));
    co_return slot;
  }
  const auto waiter =
      std::make_shared<Waiter>(Waiter{net::asio::steady_timer(executor_, patience)});
  if (source.line.empty()) turns_.push_back(key);
  source.line.push_back(waiter);
  ++waiting_;
  co_await waiter->timer.async_wait(net::as_values);
  if (waiter->come) {
    slot.emplace(Slot(*this, key, /*to_be_told=*/false));
  } else {
    waiter->gone = true;  // its place in line stays until its turn comes
    --waiting_;
  }
  co_return slot;
}

// As many as there is room for, the sources one after the other.
void HandshakeQueue::serve_next() {
  for (auto sources = turns_.size(); sources > 0 && served_ < limits_.served; --sources) {
    const auto key = turns_.front();
    turns_.pop_front();
    auto& source = sources_[key];
    while (!source.line.empty() && source.line.front()->gone) source.line.pop_front();
    if (!source.line.empty() && may_serve(key, source)) {
      auto& waiter = *source.line.front();
      waiter.come = true;
      waiter.timer.cancel();
      --waiting_;
      ++served_;
      ++source.served;
      source.line.pop_front();
    }
    if (source.line.empty()) {
      forget_if_empty(key);
    } else {
      turns_.push_back(key);
    }
  }
}

void HandshakeQueue::forget_if_empty(std::uint64_t key) {
  const auto found = sources_.find(key);
  if (found->second.served == 0 && found->second.line.empty()) sources_.erase(found);
}

HandshakeQueue::Slot::Slot(Slot&& other) noexcept
    : queue_(std::exchange(other.queue_, nullptr)),
      source_(other.source_),
      to_be_told_(other.to_be_told_) {}

bool HandshakeQueue::Slot::is_crowded() const noexcept {
  if (to_be_told_) return true;
  const auto& limits = queue_->limits_;
  if (2 * (queue_->served_ - 1) >= limits.served) return true;
  const auto of_source = queue_->sources_.find(source_)->second.served;
  return source_ != 0 && 2 * (of_source - 1) >= limits.served_of_source;
}

void HandshakeQueue::Slot::end() noexcept {
  auto* queue = std::exchange(queue_, nullptr);
  if (queue == nullptr) return;
  if (to_be_told_) {
    --queue->told_;
    return;
  }
  --queue->served_;
  --queue->sources_.find(source_)->second.served;
  queue->forget_if_empty(source_);
  queue->serve_next();
}

}  // namespace edge::server
