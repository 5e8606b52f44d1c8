#include "server_registry_driver.hpp"

namespace edge::server::test {

TEST_CASE("an agent that is not needed is told so and gets no credentials") {
  Fleet fleet;
  const auto answer = fleet.check_in(fleet.first);
  CHECK(answer.kind == Kind::not_needed);
  CHECK(answer.offer.sealed.empty());
  CHECK(answer.pace == wire::Pace{milliseconds{5'000}, milliseconds{55'000}});
}

TEST_CASE("one of two instances wins and the other one is held") {
  Fleet fleet;
  const auto bell = fleet.bell();
  fleet.registry.raise(kEndpoint);
  CHECK(fleet.check_in(fleet.first).kind == Kind::connect);
  const auto held = fleet.check_in(fleet.second, bell);
  CHECK(held.kind == Kind::hold);
  CHECK(held.recheck == milliseconds{10'000});  // when the winner's time is up
}

TEST_CASE("raising the need wakes every held check-in") {
  Fleet fleet;
  const auto one = fleet.bell(), two = fleet.bell();
  REQUIRE(fleet.check_in(fleet.first, one).kind == Kind::hold);
  REQUIRE(fleet.check_in(fleet.second, two).kind == Kind::hold);
  fleet.registry.raise(kEndpoint);
  CHECK(fleet.rung(one));
  CHECK(fleet.rung(two));
}

TEST_CASE("an offer's credentials open the tunnel port exactly once") {
  Fleet fleet;
  fleet.registry.raise(kEndpoint);
  const auto offer = fleet.check_in(fleet.first).offer;
  const auto password = Fleet::password(offer, kFirst);
  CHECK_FALSE(fleet.registry.consume(offer.tunnel, ""));
  CHECK_FALSE(fleet.registry.consume(offer.tunnel, password + "x"));
  CHECK_FALSE(fleet.registry.consume(TunnelId{"nobody"}, password));
  const auto caller = fleet.registry.consume(offer.tunnel, password);
  REQUIRE(caller);
  CHECK(caller->endpoint == kEndpoint);
  CHECK(caller->instance == kFirst);
  CHECK_FALSE(fleet.registry.consume(offer.tunnel, password));
}

TEST_CASE("an offer is sealed for its instance only") {
  Fleet fleet;
  fleet.registry.raise(kEndpoint);
  const auto offer = fleet.check_in(fleet.first).offer;
  CHECK_FALSE(crypto::open_sealed(crypto::derive_purpose_key(key_of_endpoint(), "seal"),
                                  offer.sealed,
                                  wire::offer_associated_data(kEndpoint, kSecond, offer)));
  auto elsewhere = offer;
  elsewhere.address = "attacker.example.com:8000";
  CHECK_FALSE(crypto::open_sealed(crypto::derive_purpose_key(key_of_endpoint(), "seal"),
                                  offer.sealed,
                                  wire::offer_associated_data(kEndpoint, kFirst, elsewhere)));
}

TEST_CASE("credentials die of age") {
  Fleet fleet;
  fleet.registry.raise(kEndpoint);
  const auto offer = fleet.check_in(fleet.first).offer;
  CHECK(offer.lifetime == milliseconds{60'000});
  fleet.clock.advance(milliseconds{60'000});
  CHECK_FALSE(fleet.registry.consume(offer.tunnel, Fleet::password(offer, kFirst)));
}

TEST_CASE("fresh credentials kill the ones before") {
  Fleet fleet;
  fleet.registry.raise(kEndpoint);
  const auto old = fleet.check_in(fleet.first).offer;
  const auto fresh = fleet.check_in(fleet.first).offer;
  CHECK_FALSE(fleet.registry.consume(old.tunnel, Fleet::password(old, kFirst)));
  CHECK(fleet.registry.consume(fresh.tunnel, Fleet::password(fresh, kFirst)));
}

TEST_CASE("a winner that was too slow is closed as late when the next one has taken over") {
  Fleet fleet;
  fleet.registry.raise(kEndpoint);
  const auto slow = fleet.check_in(fleet.first).offer;
  REQUIRE(fleet.registry.consume(slow.tunnel, Fleet::password(slow, kFirst)));
  fleet.clock.advance(milliseconds{10'000});
  REQUIRE(fleet.check_in(fleet.second).kind == Kind::connect);
  const auto late = std::make_shared<FakeTunnel>(fleet.loop.get_executor(), slow.tunnel, kFirst);
  CHECK_FALSE(fleet.registry.tunnel_opened(fleet.first, late));
  CHECK(fleet.registry.waiting(kEndpoint).tunnel == nullptr);
}

TEST_CASE("an open tunnel is what operators find and who watches is woken") {
  Fleet fleet;
  const auto watcher = fleet.bell();
  fleet.registry.watch(kEndpoint, watcher);
  const auto tunnel = fleet.open(fleet.first);
  CHECK(fleet.rung(watcher));
  const auto waiting = fleet.registry.waiting(kEndpoint);
  CHECK(waiting.tunnel == tunnel);
  CHECK(waiting.state == EndpointState::online);
  CHECK(fleet.registry.tunnels().size() == 1);
  CHECK(fleet.registry.counts().tunnels == 1);
}

TEST_CASE("an idle tunnel closes only when nobody needs it") {
  Fleet fleet;
  const auto tunnel = fleet.open(fleet.first);
  CHECK_FALSE(fleet.registry.tunnel_closing(kEndpoint, tunnel->id()));
  fleet.registry.lower(kEndpoint);
  CHECK(fleet.registry.tunnel_closing(kEndpoint, tunnel->id()));
  fleet.registry.tunnel_closed(kEndpoint, tunnel->id(), Reason::idle);
  CHECK(fleet.state() == TunnelState::idle);
  CHECK(fleet.registry.tunnels().empty());
}

TEST_CASE("a tunnel lost under a session is wanted back, one without is not") {
  for (const bool live : {true, false}) {
    CAPTURE(live);
    Fleet fleet;
    const auto tunnel = fleet.open(fleet.first);
    fleet.registry.lower(kEndpoint);
    const auto session = fleet.session_on(live ? kFirst : kSecond);
    fleet.registry.tunnel_closed(kEndpoint, tunnel->id(), Reason::lost);
    fleet.registry.remove_session(*session);
    CHECK(fleet.state() == (live ? TunnelState::required : TunnelState::failed));
  }
}

TEST_CASE("an agent that checks in has lost its tunnel and the old one is ended") {
  Fleet fleet;
  const auto tunnel = fleet.open(fleet.first);
  CHECK(fleet.check_in(fleet.first).kind == Kind::connect);
  CHECK(tunnel->ended == std::vector<Reason>{Reason::lost});
  fleet.registry.tunnel_closed(kEndpoint, tunnel->id(),
                               Reason::lost);  // its end comes later and changes nothing
  CHECK(fleet.state() == TunnelState::connecting);
}

TEST_CASE("the other instance's check-in leaves an open tunnel alone") {
  Fleet fleet;
  const auto tunnel = fleet.open(fleet.first);
  CHECK(fleet.check_in(fleet.second).kind == Kind::not_needed);
  CHECK(tunnel->ended.empty());
}

TEST_CASE("what an agent reports of its failed tunnel is what the operator reads") {
  Fleet fleet;
  fleet.registry.raise(kEndpoint);
  REQUIRE(fleet.check_in(fleet.first).kind == Kind::connect);
  wire::AgentReport report;
  report.tunnel_failure = "agent-unreachable-tunnel-port";
  report.tunnel_detail = "cannot connect to edge.example.com:8000: refused";
  report.version = "0.2.0";
  fleet.registry.agent_reported(fleet.first, report);
  const auto waiting = fleet.registry.waiting(kEndpoint);
  CHECK(waiting.reason == "agent-unreachable-tunnel-port");
  CHECK(waiting.detail == *report.tunnel_detail);
  CHECK(fleet.registry.instance(fleet.first)->version == "0.2.0");
  const auto tunnel = fleet.check_in(fleet.first).offer.tunnel;
  REQUIRE(fleet.registry.tunnel_opened(
      fleet.first, std::make_shared<FakeTunnel>(fleet.loop.get_executor(), tunnel, kFirst)));
  CHECK(fleet.registry.waiting(kEndpoint).detail.empty());
}

TEST_CASE("a reason that edged does not know changes no state") {
  Fleet fleet;
  fleet.registry.raise(kEndpoint);
  REQUIRE(fleet.check_in(fleet.first).kind == Kind::connect);
  wire::AgentReport report;
  report.tunnel_failure = "\x1b[2Jgremlins";
  fleet.registry.agent_reported(fleet.first, report);
  CHECK(fleet.state() == TunnelState::connecting);
}

TEST_CASE("nobody learns anything about an endpoint that is not there") {
  Fleet fleet;
  const EndpointId nobody{std::string(32, '0')};
  const Caller caller{nobody, kFirst, 0};
  fleet.registry.raise(nobody);
  fleet.registry.lower(nobody);
  CHECK(fleet.check_in(caller, fleet.bell()).kind == Kind::unauthorized);
  CHECK_FALSE(fleet.registry.waiting(nobody).exists);
  CHECK_FALSE(fleet.registry.tunnel_opened(
      caller, std::make_shared<FakeTunnel>(fleet.loop.get_executor(), TunnelId{"t"}, kFirst)));
  CHECK(fleet.registry.new_ticket(caller).empty());
  CHECK(fleet.registry.describe(nobody, true).is_null());
}

}  // namespace edge::server::test
