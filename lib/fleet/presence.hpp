// What edged remembers of one instance between its check-ins, and what it refuses because of that.
// Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/time.hpp"

namespace edge::fleet {

// A counter only rises: what a proxy replays is refused.
class CounterGate {
 public:
  bool accept(std::uint64_t counter) {
    if (counter <= highest_) return false;
    highest_ = counter;
    return true;
  }

 private:
  std::uint64_t highest_ = 0;
};

// Tells a clone from an agent that came back on a new connection: an agent never returns to a
// connection that it has replaced, so one that goes A, B, A is two agents with one identity.
class CloneGuard {
 public:
  using Connection = std::uint64_t;  // never 0
  // False: a clone. Both connections are refused once; the caller writes the event when `first` is
  // set.
  bool accept(Connection connection, bool& first);
  void closed(Connection connection);
  // Whether this connection was this instance's before; and whether it is the one to be told next.
  bool knows(Connection connection) const;
  bool is_marked(Connection connection) const {
    return connection != 0 && connection == told_next_;
  }

 private:
  static constexpr std::size_t kRemembered = 4;
  Connection current_ = 0;
  std::array<Connection, kRemembered> replaced_{};
  Connection told_next_ = 0;  // the other one, to be told at its next check-in
};

enum class EndpointState { fresh, online, offline };
const char* to_string(EndpointState state);  // "new", "online", "offline"

// How long an endpoint may be silent before it is offline: 2 x max(interval, hold) + 20 s.
milliseconds silence_allowed(milliseconds interval, milliseconds hold);

// How long after a start of edged nobody is offline who was online before: long enough for agents
// whose back-off has come to its longest step, too.
milliseconds time_to_return(milliseconds allowed);

struct SignsOfLife {
  std::optional<SteadyTime> seen;            // nothing when no instance was ever seen
  std::optional<SteadyTime> expected_until;  // after a start of edged: to come back by then
  bool has_tunnel = false;                   // open, or closing
};
EndpointState endpoint_state(const SignsOfLife& signs, milliseconds allowed, SteadyTime now);

}  // namespace edge::fleet
