#include "server_registry_driver.hpp"

namespace edge::server::test {
namespace {

wire::Authorization mac_for(const char* method, const char* path, std::uint64_t counter) {
  wire::MacAuthorization claim;
  claim.endpoint = kEndpoint;
  claim.instance = kFirst;
  claim.counter = counter;
  claim.rest = wire::print_rest(kEndpoint, kFirst, counter);
  claim.mac = crypto::check_in_mac(crypto::derive_purpose_key(key_of_endpoint(), "mac"), method,
                                   path, claim.rest);
  wire::Authorization authorization;
  authorization.mac = claim;
  return authorization;
}

}  // namespace

TEST_CASE("a trial's credentials open the tunnel port once, as a trial") {
  Fleet fleet;
  const auto offer = fleet.registry.make_trial(fleet.first);
  REQUIRE(offer.has_value());
  CHECK(offer->address == "edge.example.com:8000");
  const auto password = Fleet::password(*offer, kFirst);
  CHECK_FALSE(fleet.registry.consume(offer->tunnel, password));  // no real tunnel's
  CHECK_FALSE(fleet.registry.consume_trial(offer->tunnel, password + "x"));
  const auto caller = fleet.registry.consume_trial(offer->tunnel, password);
  REQUIRE(caller);
  CHECK(caller->instance == kFirst);
  CHECK_FALSE(fleet.registry.consume_trial(offer->tunnel, password));
}

TEST_CASE("a trial leaves state, tunnel, credentials and last-seen alone") {
  Fleet fleet;
  fleet.registry.raise(kEndpoint);
  const auto real = fleet.check_in(fleet.first).offer;
  const auto seen = fleet.registry.instance(fleet.first)->last_seen;
  fleet.clock.advance(milliseconds{500});
  const auto trial = fleet.registry.make_trial(fleet.first);
  REQUIRE(trial.has_value());
  CHECK(fleet.state() == TunnelState::connecting);
  REQUIRE(fleet.registry.consume_trial(trial->tunnel, Fleet::password(*trial, kFirst)));
  CHECK(fleet.state() == TunnelState::connecting);
  // As for whatever ended before it was established.
  fleet.registry.tunnel_closed(kEndpoint, trial->tunnel, Reason::lost);
  fleet.registry.trial_ended(fleet.first);
  CHECK(fleet.state() == TunnelState::connecting);
  CHECK(fleet.registry.instance(fleet.first)->last_seen == seen);
  REQUIRE(fleet.registry.consume(real.tunnel, Fleet::password(real, kFirst)));
  const auto tunnel = std::make_shared<FakeTunnel>(fleet.loop.get_executor(), real.tunnel, kFirst);
  REQUIRE(fleet.registry.tunnel_opened(fleet.first, tunnel));
  // Beside an open one, too.
  const auto another = fleet.registry.make_trial(fleet.first);
  REQUIRE(another.has_value());
  REQUIRE(fleet.registry.consume_trial(another->tunnel, Fleet::password(*another, kFirst)));
  fleet.registry.trial_ended(fleet.first);
  CHECK(fleet.state() == TunnelState::open);
  CHECK(tunnel->ended.empty());
}

TEST_CASE("a trial's counter is one of its own: the agent's goes on below it") {
  Fleet fleet;
  const auto ask = [&](const char* path, std::uint64_t counter) {
    return fleet.registry.authenticate(mac_for("GET", path, counter), "GET", path, 1).has_value();
  };
  CHECK(ask("/v1/check-in", 100));
  CHECK(ask("/v1/trial", 1'000'000));
  CHECK(ask("/v1/check-in", 101));
  CHECK_FALSE(ask("/v1/trial", 1'000'000));  // a replay is one here, too
  CHECK_FALSE(ask("/v1/trial", 999'999));
  CHECK(ask("/v1/trial", 1'000'001));
}

TEST_CASE("a trial's credentials expire, and newer ones kill the older") {
  Fleet fleet;
  const auto old = fleet.registry.make_trial(fleet.first);
  const auto fresh = fleet.registry.make_trial(fleet.first);
  REQUIRE(old.has_value());
  REQUIRE(fresh.has_value());
  CHECK_FALSE(fleet.registry.consume_trial(old->tunnel, Fleet::password(*old, kFirst)));
  fleet.clock.advance(milliseconds{60'000});
  CHECK_FALSE(fleet.registry.consume_trial(fresh->tunnel, Fleet::password(*fresh, kFirst)));
}

TEST_CASE("one trial of an instance is live at a time, and another instance's does not count") {
  Fleet fleet;
  const auto offer = fleet.registry.make_trial(fleet.first);
  REQUIRE(offer.has_value());
  REQUIRE(fleet.registry.consume_trial(offer->tunnel, Fleet::password(*offer, kFirst)));
  CHECK_FALSE(fleet.registry.make_trial(fleet.first).has_value());
  CHECK(fleet.registry.make_trial(fleet.second).has_value());
  fleet.registry.trial_ended(fleet.first);
  CHECK(fleet.registry.make_trial(fleet.first).has_value());
}

TEST_CASE("the thirteenth trial within a minute is put off until the first is a minute old") {
  Fleet fleet;
  for (int i = 0; i < 12; ++i) {
    REQUIRE(fleet.registry.make_trial(fleet.first).has_value());
    fleet.clock.advance(milliseconds{1'000});
  }
  const auto refused = fleet.registry.make_trial(fleet.first);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error() == milliseconds{48'000});
  fleet.clock.advance(refused.error());
  CHECK(fleet.registry.make_trial(fleet.first).has_value());
}

TEST_CASE("trial credentials die with the association that they were given to") {
  Fleet fleet;
  const auto offer = fleet.registry.make_trial(fleet.first);
  REQUIRE(offer.has_value());
  fleet.registry.forget_association(kEndpoint);
  CHECK_FALSE(fleet.registry.consume_trial(offer->tunnel, Fleet::password(*offer, kFirst)));
  fleet.join(kFirst);
  CHECK_FALSE(fleet.registry.consume_trial(offer->tunnel, Fleet::password(*offer, kFirst)));
  CHECK_FALSE(fleet.registry.make_trial({EndpointId{std::string(32, 'x')}, kFirst, 0}).has_value());
}

TEST_CASE("an instance is told when it was heard of, and when a clone of it was") {
  Fleet fleet;
  REQUIRE(fleet.registry.view_of(fleet.first));
  fleet.registry.arrive(Fleet::visit(fleet.first, nullptr, 1), nullptr);
  fleet.clock.advance(milliseconds{3'000});
  auto view = fleet.registry.view_of(fleet.first);
  REQUIRE(view);
  CHECK(view->silent_for == milliseconds{3'000});
  CHECK(view->silence_allowed == milliseconds{130'000});
  CHECK_FALSE(view->cloned);
  fleet.registry.arrive(Fleet::visit(fleet.first, nullptr, 2), nullptr);
  fleet.registry.arrive(Fleet::visit(fleet.first, nullptr, 1), nullptr);
  fleet.clock.advance(milliseconds{7'000});
  view = fleet.registry.view_of(fleet.first);
  REQUIRE(view);
  CHECK(view->cloned == milliseconds{7'000});
  CHECK_FALSE(fleet.registry.view_of({kEndpoint, InstanceId{std::string(16, 'x')}, 0}));
}

}  // namespace edge::server::test
