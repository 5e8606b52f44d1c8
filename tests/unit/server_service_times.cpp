#include <doctest/doctest.h>

#include "server/service_times.hpp"

using edge::server::ServiceTimes;

TEST_CASE("a service time is counted under its upper bound, and a long one as longer") {
  ServiceTimes times;
  times.add(std::chrono::microseconds{10});
  times.add(std::chrono::nanoseconds{10'001});
  times.add(std::chrono::seconds{1});
  const auto counts = times.counts();
  CHECK(counts[0] == 1);
  CHECK(counts[1] == 1);
  CHECK(counts.back() == 1);
}
