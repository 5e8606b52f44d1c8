#include "control/exec/fan_out.hpp"

#include <algorithm>

namespace edge::control {

FanOut::FanOut(std::size_t count, Limits limits) : limits_(limits) {
  counts_.all = count;
  states_.assign(count, State::ready);
  for (std::size_t number = 0; number < count; ++number) ready_.insert(ready_.end(), number);
  open_next_batches();
}

void FanOut::open_next_batches() {
  while (open_in_batch_ == 0 && batch_end_ < counts_.all) {
    const auto from = batch_end_;
    batch_end_ = limits_.batch == 0 ? counts_.all : std::min(counts_.all, from + limits_.batch);
    for (auto number = from; number < batch_end_; ++number)
      if (states_[number] != State::ended) ++open_in_batch_;
  }
}

std::optional<std::size_t> FanOut::next() {
  if (stopped_ != Stop::none || ready_.empty()) return std::nullopt;
  const auto lent = std::min(counts_.paused, limits_.parallel);
  if (counts_.running + counts_.paused - lent >= limits_.parallel) return std::nullopt;
  const auto number = *ready_.begin();
  if (number >= batch_end_) return std::nullopt;
  set(number, State::running);
  return number;
}

void FanOut::hold_back(std::size_t number) {
  set(number, State::waiting);
}

void FanOut::release(std::size_t number) {
  if (states_[number] == State::waiting) set(number, State::ready);
}

void FanOut::pause(std::size_t number) {
  if (states_[number] == State::running) set(number, State::paused);
}

void FanOut::go_on(std::size_t number) {
  if (states_[number] == State::paused) set(number, State::running);
}

void FanOut::end(std::size_t number, bool failed) {
  if (states_[number] == State::ended) return;
  set(number, State::ended);
  if (number < batch_end_) --open_in_batch_;
  open_next_batches();
  if (!failed) return;
  ++counts_.failed;
  if (stopped_ == Stop::none && limits_.failures && counts_.failed > *limits_.failures)
    stopped_ = Stop::too_many_failed;
}

void FanOut::interrupt() {
  stopped_ = Stop::interrupted;
}

bool FanOut::is_over() const noexcept {
  if (counts_.running + counts_.paused > 0) return false;
  return stopped_ != Stop::none || counts_.ended == counts_.all;
}

std::size_t* FanOut::count_of(State state) {
  switch (state) {
    case State::running:
      return &counts_.running;
    case State::paused:
      return &counts_.paused;
    case State::waiting:
      return &counts_.waiting;
    case State::ended:
      return &counts_.ended;
    case State::ready:
      break;
  }
  return nullptr;
}

void FanOut::set(std::size_t number, State state) {
  auto& now = states_[number];
  if (now == State::ready) ready_.erase(number);
  if (auto* count = count_of(now)) --*count;
  now = state;
  if (now == State::ready) ready_.insert(number);
  if (auto* count = count_of(now)) ++*count;
}

}  // namespace edge::control
