#include "fleet/presence.hpp"

#include <algorithm>

namespace edge::fleet {

bool CloneGuard::accept(Connection connection, bool& first) {
  first = false;
  if (connection == told_next_) {
    told_next_ = 0;
    return false;
  }
  if (connection == current_) return true;
  const auto old = std::find(replaced_.begin(), replaced_.end(), connection);
  if (old != replaced_.end()) {
    *old = 0;
    told_next_ = current_;
    first = true;
    return false;
  }
  if (current_ != 0) {
    std::move_backward(replaced_.begin(), replaced_.end() - 1, replaced_.end());
    replaced_[0] = current_;
  }
  current_ = connection;
  return true;
}

bool CloneGuard::knows(Connection connection) const {
  return connection == current_ ||
         std::find(replaced_.begin(), replaced_.end(), connection) != replaced_.end();
}

void CloneGuard::closed(Connection connection) {
  if (current_ == connection) current_ = 0;
  if (told_next_ == connection) told_next_ = 0;
  std::replace(replaced_.begin(), replaced_.end(), connection, Connection{0});
}

const char* to_string(EndpointState state) {
  switch (state) {
    case EndpointState::fresh:
      return "new";
    case EndpointState::online:
      return "online";
    case EndpointState::offline:
      return "offline";
  }
  return "offline";
}

milliseconds silence_allowed(milliseconds interval, milliseconds hold) {
  return 2 * std::max(interval, hold) + std::chrono::seconds(20);
}

EndpointState endpoint_state(std::optional<SteadyTime> last_seen, bool tunnel_open,
                             milliseconds allowed, SteadyTime now) {
  if (tunnel_open) return EndpointState::online;
  if (!last_seen) return EndpointState::fresh;
  return now - *last_seen <= allowed ? EndpointState::online : EndpointState::offline;
}

}  // namespace edge::fleet
