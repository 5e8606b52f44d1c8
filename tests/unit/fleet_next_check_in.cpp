#include <doctest/doctest.h>

#include "fleet/next_check_in.hpp"

namespace edge::fleet {

using namespace std::chrono_literals;

TEST_CASE("the next check-in is the first of all instances, and nobody's who has the tunnel") {
  const SteadyTime now = SteadyTime{} + 1h;
  const struct {
    const char* name;
    std::optional<milliseconds> first_age;
    bool held, has_tunnel;
    std::optional<milliseconds> age, next;
  } rows[] = {
      {"never seen", std::nullopt, false, false, std::nullopt, std::nullopt},
      {"polling", 2s, false, false, 2s, 3s},
      {"overdue", 9s, false, false, 9s, 0s},
      {"held", 40s, true, false, 40s, 0s},
      {"has the tunnel", 40s, false, true, 40s, std::nullopt},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CheckIns known;
    const auto last = row.first_age ? std::optional(now - *row.first_age) : std::nullopt;
    add_instance(known, last, row.held, row.has_tunnel, 5s, now);
    CHECK((known.age == row.age));
    CHECK((known.next_in == row.next));
    CHECK(known.held == row.held);
  }
  CheckIns both;
  add_instance(both, now - 4s, false, false, 5s, now);
  add_instance(both, now - 1s, false, false, 5s, now);
  CHECK((both.age == milliseconds{1s}));
  CHECK((both.next_in == milliseconds{1s}));
}

}  // namespace edge::fleet
