#include <doctest/doctest.h>

#include "fleet/pace.hpp"

namespace edge::fleet {

TEST_CASE("an endpoint's overrides lie on top of the fleet's settings") {
  config::FleetSettings fleet;
  fleet.interval = milliseconds{7'000};
  const auto settings = with_overrides(fleet, {{"check-in.hold", "off"}, {"tunnel.idle", "1m"}});
  CHECK(settings.interval == milliseconds{7'000});
  CHECK(settings.hold == milliseconds{0});
  CHECK(settings.tunnel_idle == milliseconds{60'000});
}

TEST_CASE("an override of another version's key or value changes nothing") {
  const config::FleetSettings fleet;
  CHECK(with_overrides(fleet, {{"no.such-key", "1s"}, {"check-in.interval", "soon"}}) == fleet);
}

TEST_CASE("an agent waits as long as it asked for, at most as long as it was ordered") {
  const milliseconds ordered{55'000};
  CHECK(clamp_wait(milliseconds{10'000}, ordered) == milliseconds{10'000});
  CHECK(clamp_wait(milliseconds{90'000}, ordered) == ordered);
  CHECK(clamp_wait(milliseconds{-1}, ordered) == milliseconds{0});
  CHECK(clamp_wait(milliseconds{10'000}, milliseconds{0}) == milliseconds{0});
}

}  // namespace edge::fleet
