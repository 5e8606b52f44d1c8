#include "agent/hold_ladder.hpp"

#include <algorithm>
#include <utility>

namespace edge::agent {
namespace {

constexpr milliseconds kEarly{200};
constexpr milliseconds kSlack{250};  // by which two cuts of one timer may differ anyway
constexpr std::size_t kEnough = 4;   // cuts in a row, whatever their age
constexpr int kMostSteps = 3;

// For people: whole seconds, where there are many.
milliseconds round_down(milliseconds wait) {
  const std::int64_t unit = wait >= milliseconds{10'000} ? 1'000 : 50;
  return milliseconds(wait.count() / unit * unit);
}

}  // namespace

bool HoldLadder::was_held(milliseconds asked, milliseconds took) {
  return asked.count() > 0 && took >= std::min(kEarly, asked);
}

void HoldLadder::order(milliseconds interval, milliseconds hold) {
  if (interval == interval_ && hold == hold_) return;
  interval_ = interval;
  hold_ = hold;
  start_over();
}

void HoldLadder::take_way(const std::string& way) {
  if (way == way_) return;
  way_ = way;
  start_over();
}

void HoldLadder::start_over() {
  limit_.reset();
  row_.clear();
  unsettled_.reset();
  steps_ = 0;
  early_ = 0;
}

milliseconds HoldLadder::next(SteadyTime now) const {
  return limit_ && now < again_ ? std::min(*limit_, hold_) : hold_;
}

void HoldLadder::answered(milliseconds asked, milliseconds took) {
  if (asked.count() == 0) return;
  early_ = was_held(asked, took) ? 0 : std::min(early_ + 1, kMostEarly + 1);
  // Sooner than asked: edged had a reason, and nothing is known about the rest of the wait.
  if (took < asked - asked / 10) return;
  if (limit_ && asked > *limit_) limit_.reset();
  row_.clear();
  steps_ = 0;
}

void HoldLadder::cut(milliseconds asked, std::optional<milliseconds> age) {
  unsettled_ = Cut{asked, age};
}

void HoldLadder::settle(bool same, SteadyTime now) {
  const auto cut = std::exchange(unsettled_, std::nullopt);
  if (cut && same) count(*cut, now);
}

bool HoldLadder::alike(const Cut& one, const Cut& other) {
  if (!one.age || !other.age) return !one.age && !other.age;
  const auto [shorter, longer] = std::minmax(*one.age, *other.age);
  return longer <= shorter + shorter / 5 + kSlack;
}

// What would have been answered before the cut, with a sixth to spare.
milliseconds HoldLadder::below(const Cut& cut) {
  return cut.age ? *cut.age - *cut.age / 6 : cut.asked / 2;
}

void HoldLadder::count(Cut cut, SteadyTime now) {
  if (limit_ && cut.asked > *limit_) {  // the whole wait, tried again
    again_ = now + limits_.try_again;
    if (const auto wait = below(cut); cut.age && round_down(wait) > *limit_) {
      steps_ = 0;  // still cut, but later than before
      step_to(wait, now);
    }
    return;
  }
  const bool twice = !row_.empty() && alike(row_.back(), cut);
  auto wait = below(cut);
  if (twice) wait = std::min(wait, below(row_.back()));
  row_.push_back(cut);
  if (row_.size() >= kEnough) {
    for (const auto& one : row_) wait = std::min(wait, below(one));
  }
  if (twice || steps_ > 0 || row_.size() >= kEnough) step_to(wait, now);
}

void HoldLadder::step_to(milliseconds wait, SteadyTime now) {
  ++steps_;
  wait = round_down(wait);
  const bool too_short = wait < std::min(limits_.floor, interval_);
  limit_ = too_short || steps_ >= kMostSteps ? milliseconds{0} : std::min(wait, hold_);
  again_ = now + limits_.try_again;
  row_.clear();
}

std::optional<milliseconds> HoldLadder::shortened() const {
  if (hold_.count() == 0) return std::nullopt;
  if (is_pointless()) return milliseconds{0};
  if (limit_ && *limit_ < hold_) return limit_;
  return std::nullopt;
}

}  // namespace edge::agent
