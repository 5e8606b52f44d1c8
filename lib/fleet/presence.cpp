#include "fleet/presence.hpp"

#include <algorithm>

#include "config/settings.hpp"

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

milliseconds time_to_return(milliseconds allowed) {
  const config::AgentConfig agent;
  return std::max(allowed, agent.backoff_most + agent.connect_deadline);
}

EndpointState endpoint_state(const SignsOfLife& signs, milliseconds allowed, SteadyTime now) {
  if (signs.has_tunnel) return EndpointState::online;
  if (!signs.seen) return EndpointState::fresh;
  const bool awaited = signs.expected_until && now <= *signs.expected_until;
  return awaited || now - *signs.seen <= allowed ? EndpointState::online : EndpointState::offline;
}

}  // namespace edge::fleet
