#include <doctest/doctest.h>

#include "fleet/penalties.hpp"
#include "printing.hpp"

using edge::milliseconds;
using edge::SteadyTime;
using edge::fleet::Penalties;

namespace {

constexpr std::uint64_t kHere = 1, kThere = 2;
const SteadyTime kNow{std::chrono::hours{100}};

milliseconds fail(Penalties& penalties, int times, std::uint64_t source,
                  const std::string& endpoint, SteadyTime now = kNow) {
  milliseconds last{0};
  for (int i = 0; i < times; ++i) last = penalties.failed(source, endpoint, now);
  return last;
}

}  // namespace

TEST_CASE("the first failures for an endpoint cost nothing, the next ones more and more") {
  Penalties penalties;
  CHECK(fail(penalties, 3, kHere, "a") == milliseconds{0});
  CHECK(fail(penalties, 1, kHere, "a") == milliseconds{125});
  CHECK(fail(penalties, 1, kHere, "a") == milliseconds{250});
  CHECK(fail(penalties, 30, kHere, "a") == milliseconds{500});
}

TEST_CASE("another endpoint behind the same address, and another address, pay nothing for it") {
  Penalties penalties;
  fail(penalties, 30, kHere, "a");
  CHECK(fail(penalties, 3, kHere, "b") == milliseconds{0});
  CHECK(fail(penalties, 3, kThere, "a") == milliseconds{0});
}

TEST_CASE("a source that tries many endpoints pays for all of them") {
  Penalties penalties;
  for (int i = 0; i < 50; ++i) {
    CHECK(fail(penalties, 1, kHere, std::to_string(i)) == milliseconds{0});
  }
  CHECK(fail(penalties, 1, kHere, "another") == milliseconds{125});
  CHECK(fail(penalties, 1, kThere, "another") == milliseconds{0});
}

TEST_CASE("failures are forgotten after ten quiet minutes") {
  Penalties penalties;
  fail(penalties, 30, kHere, "a");
  const auto later = kNow + Penalties::kRemembered + milliseconds{1};
  CHECK(fail(penalties, 1, kHere, "a", later) == milliseconds{0});
}

TEST_CASE("whoever invents endpoints fills no memory and hides nobody") {
  Penalties penalties;
  fail(penalties, 30, kHere, "a");
  for (int i = 0; i < 50'000; ++i) {
    penalties.failed(100 + static_cast<std::uint64_t>(i % 50), std::to_string(i), kNow);
  }
  CHECK(fail(penalties, 1, kHere, "a") == milliseconds{500});
}

TEST_CASE("what a source owes is known before it fails again, and others owe nothing") {
  Penalties penalties;
  for (int i = 0; i < 50; ++i) penalties.failed(kHere, "", kNow);
  CHECK(penalties.owed(kHere, kNow) == milliseconds{0});
  for (int i = 0; i < 5; ++i) penalties.failed(kHere, "", kNow);
  CHECK(penalties.owed(kHere, kNow) == milliseconds{500});
  CHECK(penalties.owed(kThere, kNow) == milliseconds{0});
  CHECK(penalties.owed(kHere, kNow + Penalties::kRemembered + milliseconds{1}) == milliseconds{0});
}
