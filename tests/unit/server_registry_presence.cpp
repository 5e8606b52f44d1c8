#include "server_registry_driver.hpp"

namespace edge::server::test {

using namespace std::chrono_literals;

TEST_CASE(
    "who is waited for is online until its silence is too long, and is told when it is back") {
  Fleet fleet;
  auto& registry = fleet.registry;
  fleet.check_in(fleet.first);
  const auto settings = registry.settings();
  const auto allowed = fleet::silence_allowed(settings.interval, settings.hold);
  fleet.clock.advance(allowed);
  CHECK(registry.presence(kEndpoint)->state == EndpointState::online);
  fleet.clock.advance(1ms);
  CHECK(registry.presence(kEndpoint)->state == EndpointState::offline);
  const auto bell = fleet.bell();
  registry.watch(kEndpoint, bell);
  CHECK_FALSE(fleet.rung(bell));
  fleet.check_in(fleet.first);
  CHECK(fleet.rung(bell));
  CHECK(registry.presence(kEndpoint)->state == EndpointState::online);
  CHECK_FALSE(registry.presence(EndpointId{std::string(32, '0')}));
}

TEST_CASE("presence tells of an open tunnel and of none that can not be heard") {
  Fleet fleet;
  auto& registry = fleet.registry;
  const auto bell = fleet.bell();
  registry.watch(kEndpoint, bell);
  CHECK_FALSE(registry.presence(kEndpoint)->has_open_tunnel);
  const auto tunnel = fleet.open(fleet.first);
  CHECK(fleet.rung(bell));
  CHECK(registry.presence(kEndpoint)->has_open_tunnel);
  CHECK(registry.describe_presence(kEndpoint)["tunnel"] == "open");
  tunnel->silent = true;
  CHECK_FALSE(registry.presence(kEndpoint)->has_open_tunnel);
}

TEST_CASE("check-ins are told with their age, and with when the next one comes") {
  Fleet fleet;
  auto& registry = fleet.registry;
  fleet.check_in(fleet.first);
  fleet.clock.advance(2s);
  auto polling = registry.describe_check_ins(kEndpoint);
  CHECK(polling["age-ms"] == 2'000);
  CHECK(polling["next-in-ms"] == 3'000);
  CHECK(polling["held"] == false);
  const auto hold = fleet.bell();
  fleet.check_in(fleet.first, hold);
  fleet.clock.advance(30s);
  const auto held = registry.describe_check_ins(kEndpoint);
  CHECK(held["age-ms"] == 30'000);
  CHECK(held["next-in-ms"] == 0);
  CHECK(held["held"] == true);
  CHECK(held["tunnel"] == false);
}

}  // namespace edge::server::test
