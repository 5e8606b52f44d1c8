#include "fleet/penalties.hpp"

#include <algorithm>

namespace edge::fleet {
namespace {

milliseconds delay_after(std::uint32_t failures, std::uint32_t free) {
  if (failures <= free) return milliseconds{0};
  constexpr std::uint32_t kDoublings = 2;
  const auto doublings = std::min(failures - free - 1, kDoublings);
  return std::min(Penalties::kLeast * (1 << doublings), Penalties::kMost);
}

}  // namespace

milliseconds Penalties::failed(std::uint64_t source, const std::string& endpoint, SteadyTime now) {
  make_room(now);
  const auto of_source = delay_after(count(std::to_string(source), now), kFreeForSource);
  // Who tries many endpoints is known as such by now: its inventions are not worth an entry each.
  if (of_source == kMost) return of_source;
  const auto of_endpoint = count(std::to_string(source) + ' ' + endpoint, now);
  return std::max(of_source, delay_after(of_endpoint, kFreeForEndpoint));
}

milliseconds Penalties::owed(std::uint64_t source, SteadyTime now) const {
  const auto found = entries_.find(std::to_string(source));
  if (found == entries_.end() || now - found->second.last > kRemembered) return milliseconds{0};
  return delay_after(found->second.failures, kFreeForSource);
}

std::uint32_t Penalties::count(std::string key, SteadyTime now) {
  auto& entry = entries_[std::move(key)];
  if (now - entry.last > kRemembered) entry.failures = 0;
  entry.last = now;
  return ++entry.failures;
}

// Who invents endpoints and addresses to fill the table gets an empty one: what is lost is some
// delay, never a refusal.
void Penalties::make_room(SteadyTime now) {
  if (entries_.size() + 2 <= kMostEntries) return;
  std::erase_if(entries_, [now](const auto& entry) {
    return now - entry.second.last > kRemembered || entry.second.failures <= kFreeForEndpoint;
  });
  if (entries_.size() + 2 > kMostEntries) entries_.clear();
}

}  // namespace edge::fleet
