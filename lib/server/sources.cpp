#include "server/sources.hpp"

#include <algorithm>

namespace edge::server {

bool Sources::enter(std::uint64_t source) {
  const std::lock_guard lock(mutex_);
  auto& entry = sources_[source];
  if (entry.connections >= most_) return false;
  ++entry.connections;
  return true;
}

void Sources::leave(std::uint64_t source) {
  const std::lock_guard lock(mutex_);
  const auto found = sources_.find(source);
  if (found != sources_.end() && --found->second.connections == 0) sources_.erase(found);
}

void Sources::add_stranger(std::uint64_t source, const std::shared_ptr<Stranger>& stranger,
                           SteadyTime now) {
  std::shared_ptr<Stranger> oldest;
  {
    const std::lock_guard lock(mutex_);
    const auto found = sources_.find(source);
    if (found == sources_.end()) return;
    auto& strangers = found->second.strangers;
    strangers.push_back({stranger.get(), stranger, now});
    if (strangers.size() <= most_strangers_ || now - strangers.front().since < peace_) return;
    oldest = strangers.front().connection.lock();
    strangers.pop_front();
  }
  if (oldest) oldest->make_room();
}

void Sources::remove_stranger(std::uint64_t source, const Stranger* stranger) {
  const std::lock_guard lock(mutex_);
  const auto found = sources_.find(source);
  if (found == sources_.end()) return;
  std::erase_if(found->second.strangers,
                [stranger](const auto& entry) { return entry.who == stranger; });
}

}  // namespace edge::server
