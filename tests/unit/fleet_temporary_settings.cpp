#include <doctest/doctest.h>

#include "fleet/temporary_settings.hpp"

namespace edge::fleet {
namespace {

using namespace std::chrono_literals;
const EndpointId kAll{}, kOne{std::string(32, 'e')};
const WallTime kNow{std::chrono::seconds{1'700'000'000}};

}  // namespace

TEST_CASE("a temporary setting is due when its time is over, once, and no other is") {
  TemporarySettings settings;
  settings.put(kOne, "check-in.interval", {"5s", kNow + 15min});
  settings.put(kOne, "check-in.hold", {"off", kNow + 1h});
  settings.put(kAll, "check-in.interval", {"1s", kNow + 2h});
  CHECK(settings.take_due(kNow + 15min - 1ms).empty());
  const auto due = settings.take_due(kNow + 15min);
  REQUIRE(due.size() == 1);
  CHECK(due.front().scope == kOne);
  CHECK(due.front().key == "check-in.interval");
  CHECK(due.front().value == "5s");
  CHECK(settings.take_due(kNow + 15min).empty());
  CHECK(settings.values_of(kOne) == std::map<std::string, std::string>{{"check-in.hold", "off"}});
  CHECK(settings.values_of(kAll).size() == 1);
}

TEST_CASE("the newest temporary value of a setting takes the place of the one before") {
  TemporarySettings settings;
  settings.put(kOne, "check-in.interval", {"5s", kNow + 15min});
  settings.put(kOne, "check-in.interval", {"7s", kNow + 1h});
  CHECK(settings.take_due(kNow + 15min).empty());
  CHECK(settings.of(kOne).at("check-in.interval").value == "7s");
  CHECK(settings.remove(kOne, "check-in.interval"));
  CHECK_FALSE(settings.remove(kOne, "check-in.interval"));
  CHECK(settings.of(kOne).empty());
}

TEST_CASE("temporary settings of an endpoint go with it") {
  TemporarySettings settings;
  settings.put(kOne, "check-in.interval", {"5s", kNow});
  settings.put(kAll, "check-in.interval", {"5s", kNow});
  settings.forget(kOne);
  CHECK(settings.take_due(kNow).size() == 1);
}

}  // namespace edge::fleet
