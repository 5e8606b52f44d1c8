// When the agents of an endpoint will check in again, from what edged knows of them. Pure.
#pragma once

#include <algorithm>
#include <optional>

#include "base/time.hpp"

namespace edge::fleet {

struct CheckIns {
  std::optional<milliseconds> age;      // of the last one; nothing: none that is known
  std::optional<milliseconds> next_in;  // 0: one is here, or overdue; nothing: none is expected
  bool held = false;  // one is here, and is answered when the endpoint is required
};

// One instance more. Who has the tunnel does not check in; who is held has done so already.
inline void add_instance(CheckIns& all, std::optional<SteadyTime> last, bool held, bool has_tunnel,
                         milliseconds interval, SteadyTime now) {
  if (!last) return;
  const auto age = std::chrono::duration_cast<milliseconds>(now - *last);
  all.age = all.age ? std::min(*all.age, age) : age;
  all.held = all.held || held;
  if (has_tunnel) return;
  const auto next = held ? milliseconds{0} : std::max(milliseconds{0}, interval - age);
  all.next_in = all.next_in ? std::min(*all.next_in, next) : next;
}

}  // namespace edge::fleet
