#include <doctest/doctest.h>

#include "fleet/rate_meter.hpp"

using namespace edge;
using fleet::RateMeter;

namespace {
SteadyTime at(int ms) {
  return SteadyTime{} + std::chrono::hours(1) + milliseconds(ms);
}
}  // namespace

TEST_CASE("a rate is that of the window, not of all time") {
  RateMeter meter(milliseconds{10'000});
  for (int second = 0; second <= 20; ++second) meter.sample(at(second * 1000), 1000);
  CHECK(meter.per_second() == 0);
  for (int second = 21; second <= 30; ++second) {
    meter.sample(at(second * 1000), 1000 + 50 * static_cast<std::uint64_t>(second - 20));
  }
  CHECK(meter.per_second() == doctest::Approx(50));
}

TEST_CASE("a rate is known from the second look on") {
  RateMeter meter(milliseconds{10'000});
  CHECK(meter.per_second() == 0);
  meter.sample(at(0), 5'000'000);  // since the start: no rate
  CHECK(meter.per_second() == 0);
  meter.sample(at(0), 5'000'001);  // no time has passed
  CHECK(meter.per_second() == 0);
  meter.sample(at(500), 5'000'011);
  CHECK(meter.per_second() == doctest::Approx(22));
}

TEST_CASE("a look that came late measures over the time that really passed") {
  RateMeter meter(milliseconds{10'000});
  meter.sample(at(0), 0);
  meter.sample(at(1000), 10);
  meter.sample(at(61'000), 610);
  CHECK(meter.per_second() == doctest::Approx(10));
}
