#include <doctest/doctest.h>

#include "printing.hpp"
#include "ssh/probe_clock.hpp"

using edge::milliseconds;
using edge::SteadyTime;
using edge::ssh::ProbeClock;
using std::chrono::seconds;

namespace {

const SteadyTime kHeard{std::chrono::hours{100}};

}  // namespace

TEST_CASE("a silent peer is asked after each interval and given up after three") {
  ProbeClock clock(seconds{15}, milliseconds{0});
  CHECK(clock.next(kHeard) == kHeard + seconds{15});
  CHECK_FALSE(clock.is_due(kHeard, kHeard + seconds{14}));
  CHECK(clock.is_due(kHeard, kHeard + seconds{15}));
  CHECK_FALSE(clock.is_due(kHeard, kHeard + seconds{15}));
  CHECK(clock.next(kHeard) == kHeard + seconds{30});
  CHECK(clock.is_due(kHeard, kHeard + seconds{30}));
  CHECK(clock.next(kHeard) == kHeard + seconds{45});
  CHECK_FALSE(clock.is_lost(kHeard, kHeard + milliseconds{44'999}));
  CHECK(clock.is_lost(kHeard, kHeard + seconds{45}));
}

TEST_CASE("whatever is heard puts the next probe off") {
  ProbeClock clock(seconds{15}, milliseconds{0});
  CHECK_FALSE(clock.is_due(kHeard + seconds{10}, kHeard + seconds{20}));
  CHECK(clock.next(kHeard + seconds{10}) == kHeard + seconds{25});
}

TEST_CASE("the side with grace lets the other one ask") {
  ProbeClock agent(seconds{15}, milliseconds{0}), server(seconds{15}, seconds{2});
  CHECK(agent.next(kHeard) < server.next(kHeard));
  CHECK(server.next(kHeard) == kHeard + seconds{17});
}

TEST_CASE("while a session lives its peer is asked each second, and not given up sooner") {
  ProbeClock clock(seconds{15}, seconds{2});
  clock.set_live(true);
  int probes = 0;
  for (auto now = kHeard; now < kHeard + seconds{10}; now += milliseconds{100}) {
    probes += clock.is_due(kHeard, now);
    CHECK_FALSE(clock.is_lost(kHeard, now));
  }
  CHECK(probes == 9);
  CHECK(clock.is_lost(kHeard, kHeard + seconds{45}));
}

TEST_CASE("an interval shorter than a second is kept while a session lives") {
  ProbeClock clock(milliseconds{200}, milliseconds{0});
  clock.set_live(true);
  CHECK(clock.next(kHeard) == kHeard + milliseconds{200});
}
