// Demands that name an instance, beside those that any instance meets.
#include "server_registry_driver.hpp"
#include "ssh/key.hpp"

namespace edge::server::test {
namespace {

fleet::TunnelState own_state(const Fleet& fleet, std::size_t instance) {
  const auto own = fleet.registry.describe(kEndpoint, true)["instances"][instance]["tunnel"];
  if (own.is_null()) return TunnelState::idle;
  for (const auto state : {TunnelState::required, TunnelState::connecting, TunnelState::open,
                           TunnelState::closing, TunnelState::failed}) {
    if (own["state"] == to_string(state)) return state;
  }
  return TunnelState::idle;
}

}  // namespace

TEST_CASE("a demand for an instance wakes that one alone, and is nobody else's to meet") {
  Fleet fleet;
  const auto one = fleet.bell(), two = fleet.bell();
  REQUIRE(fleet.check_in(fleet.first, one).kind == Kind::hold);
  REQUIRE(fleet.check_in(fleet.second, two).kind == Kind::hold);
  fleet.registry.raise(kEndpoint, kSecond);
  CHECK_FALSE(fleet.rung(one));
  CHECK(fleet.rung(two));
  CHECK(fleet.check_in(fleet.first).kind == Kind::not_needed);
  CHECK(fleet.state() == TunnelState::idle);
  const auto tunnel = fleet.come(fleet.second);
  CHECK(fleet.registry.waiting(kEndpoint, kSecond).tunnel == tunnel);
  CHECK(fleet.registry.waiting(kEndpoint, kFirst).tunnel == nullptr);
  CHECK(fleet.registry.counts().tunnels == 1);
  CHECK(fleet.registry.tunnels().size() == 1);
}

TEST_CASE("an instance is reached while another one has the endpoint's tunnel and a session") {
  Fleet fleet;
  const auto any = fleet.open(fleet.first);
  fleet.session_on(kFirst);
  fleet.registry.raise(kEndpoint, kSecond);
  const auto own = fleet.come(fleet.second);
  CHECK(any->ended.empty());
  CHECK(fleet.registry.waiting(kEndpoint, kFirst).tunnel == any);
  CHECK(fleet.registry.waiting(kEndpoint, kSecond).tunnel == own);
  CHECK(fleet.registry.waiting(kEndpoint).tunnel == any);
  CHECK(fleet.state() == TunnelState::open);
  CHECK(own_state(fleet, 1) == TunnelState::open);
  CHECK(fleet.registry.counts().tunnels == 2);
}

TEST_CASE("a demand for an instance is met by the endpoint's tunnel to it") {
  Fleet fleet;
  const auto any = fleet.open(fleet.first);
  fleet.registry.raise(kEndpoint, kFirst);
  CHECK(fleet.registry.waiting(kEndpoint, kFirst).tunnel == any);
  CHECK(fleet.registry.waiting(kEndpoint, kFirst).tunnel_state == TunnelState::open);
  CHECK(own_state(fleet, 0) == TunnelState::idle);
  // And it stays for as long as that one needs it.
  fleet.registry.lower(kEndpoint);
  CHECK_FALSE(fleet.registry.tunnel_closing(kEndpoint, any->id()));
  fleet.registry.lower(kEndpoint, kFirst);
  CHECK(fleet.registry.tunnel_closing(kEndpoint, any->id()));
}

TEST_CASE("a demand for any is met by an instance's own tunnel") {
  Fleet fleet;
  const auto held = fleet.bell();
  fleet.registry.raise(kEndpoint, kFirst);
  const auto own = fleet.come(fleet.first);
  REQUIRE(fleet.check_in(fleet.second, held).kind == Kind::hold);
  fleet.registry.raise(kEndpoint);
  CHECK_FALSE(fleet.rung(held));
  CHECK(fleet.registry.waiting(kEndpoint).tunnel == own);
  CHECK(fleet.registry.waiting(kEndpoint).tunnel_state == TunnelState::open);
  fleet.registry.lower(kEndpoint, kFirst);
  CHECK_FALSE(fleet.registry.tunnel_closing(kEndpoint, own->id()));
  SUBCASE("until it goes: then anybody may come") {
    fleet.registry.tunnel_closed(kEndpoint, own->id(), Reason::lost);
    CHECK(fleet.rung(held));
    CHECK(fleet.state() == TunnelState::required);
    CHECK(fleet.check_in(fleet.second).kind == Kind::connect);
  }
  SUBCASE("until nobody needs it") {
    fleet.registry.lower(kEndpoint);
    CHECK(fleet.registry.tunnel_closing(kEndpoint, own->id()));
    fleet.registry.tunnel_closed(kEndpoint, own->id(), Reason::idle);
    CHECK_FALSE(fleet.rung(held));
    CHECK(own_state(fleet, 0) == TunnelState::idle);
  }
}

TEST_CASE("who waited for any, and who waited for the instance that came, are both served") {
  Fleet fleet;
  fleet.registry.raise(kEndpoint, kFirst);
  fleet.registry.raise(kEndpoint);
  const auto held = fleet.bell();
  const auto any = fleet.come(fleet.first);  // asked for the endpoint's first
  CHECK(fleet.registry.waiting(kEndpoint, kFirst).tunnel == any);
  CHECK(fleet.state() == TunnelState::open);
  CHECK(own_state(fleet, 0) == TunnelState::idle);
  CHECK(fleet.check_in(fleet.second, held).kind == Kind::hold);
  // When the tunnel goes both want one, and one is enough.
  fleet.registry.tunnel_closed(kEndpoint, any->id(), Reason::lost);
  CHECK(own_state(fleet, 0) == TunnelState::required);
  CHECK(fleet.rung(held));
  const auto again = fleet.come(fleet.second);  // any: the other one was faster
  CHECK(fleet.registry.waiting(kEndpoint).tunnel == again);
  const auto own = fleet.come(fleet.first);
  CHECK(fleet.registry.waiting(kEndpoint, kFirst).tunnel == own);
}

TEST_CASE("an instance that checks in has lost its own tunnel, too") {
  Fleet fleet;
  fleet.registry.raise(kEndpoint, kSecond);
  const auto own = fleet.come(fleet.second);
  CHECK(fleet.check_in(fleet.first).kind == Kind::not_needed);
  CHECK(own->ended.empty());
  CHECK(fleet.check_in(fleet.second).kind == Kind::connect);
  CHECK(own->ended == std::vector<Reason>{Reason::lost});
  fleet.registry.tunnel_closed(kEndpoint, own->id(), Reason::lost);  // comes later
  CHECK(own_state(fleet, 1) == TunnelState::connecting);
}

TEST_CASE("an instance has one tunnel at a time, though it was offered two") {
  Fleet fleet;
  fleet.registry.raise(kEndpoint, kFirst);
  const auto own = fleet.check_in(fleet.first).offer;
  fleet.registry.raise(kEndpoint);
  const auto any = fleet.come(fleet.first);
  // Its older credentials are still good for a login; what it opened meanwhile is what counts.
  REQUIRE(fleet.registry.consume(own.tunnel, Fleet::password(own, kFirst)));
  CHECK_FALSE(fleet.registry.tunnel_opened(
      fleet.first, std::make_shared<FakeTunnel>(fleet.loop.get_executor(), own.tunnel, kFirst)));
  CHECK(any->ended.empty());
  CHECK(fleet.registry.counts().tunnels == 1);
}

TEST_CASE("a session's instance alone is wanted back when its own tunnel is lost") {
  for (const bool live : {true, false}) {
    CAPTURE(live);
    Fleet fleet;
    fleet.open(fleet.first);
    fleet.registry.raise(kEndpoint, kSecond);
    const auto own = fleet.come(fleet.second);
    fleet.registry.lower(kEndpoint, kSecond);
    fleet.session_on(live ? kSecond : kFirst);
    fleet.registry.tunnel_closed(kEndpoint, own->id(), Reason::lost);
    CHECK(own_state(fleet, 1) == (live ? TunnelState::required : TunnelState::failed));
    CHECK(fleet.state() == TunnelState::open);
    CHECK(fleet.check_in(fleet.second).kind == (live ? Kind::connect : Kind::not_needed));
  }
}

TEST_CASE("credentials of an instance's own tunnel die with its association") {
  Fleet fleet;
  fleet.registry.raise(kEndpoint, kFirst);
  const auto offer = fleet.check_in(fleet.first).offer;
  const auto watcher = fleet.bell();
  fleet.registry.watch(kEndpoint, watcher);
  fleet.registry.forget_association(kEndpoint);
  CHECK(fleet.rung(watcher));
  CHECK_FALSE(fleet.registry.waiting(kEndpoint, kFirst).exists);
  CHECK_FALSE(fleet.registry.consume(offer.tunnel, Fleet::password(offer, kFirst)));
  fleet.registry.lower(kEndpoint, kFirst);  // of who waited: nothing is there to be lowered
  fleet.join(kFirst);
  CHECK(fleet.check_in(fleet.first).kind == Kind::not_needed);
}

TEST_CASE("removing an endpoint ends the tunnels of all its instances") {
  Fleet fleet;
  const auto any = fleet.open(fleet.first);
  fleet.registry.raise(kEndpoint, kSecond);
  const auto own = fleet.come(fleet.second);
  fleet.registry.remove(kEndpoint, {kEndpoint, "pump-7", key_of_endpoint(), WallTime{}});
  CHECK(any->ended == std::vector<Reason>{Reason::endpoint_removed});
  CHECK(own->ended == std::vector<Reason>{Reason::endpoint_removed});
}

TEST_CASE("an instance is offline by itself, and online while it has a tunnel of whichever life") {
  Fleet fleet;
  const auto state_of = [&fleet](const InstanceId& id) {
    return fleet.registry.waiting(kEndpoint, id).state;
  };
  fleet.registry.raise(kEndpoint, kSecond);
  const auto own = fleet.come(fleet.second);
  fleet.clock.advance(std::chrono::hours{1});
  CHECK(state_of(kFirst) == EndpointState::offline);
  CHECK(fleet.registry.waiting(kEndpoint, kFirst).last_seen_text.starts_with("1h ago"));
  CHECK(state_of(kSecond) == EndpointState::online);
  CHECK(fleet.registry.waiting(kEndpoint).state == EndpointState::online);
  const auto batch = fleet.registry.take_unsaved();  // who has one is stored as seen
  CHECK(std::count_if(batch.begin(), batch.end(), [&](const auto& seen) {
          return seen.instance == kSecond && seen.time == fleet.clock.wall();
        }) == 1);
  fleet.check_in(fleet.first);
  CHECK(state_of(kFirst) == EndpointState::online);
}

TEST_CASE("what an instance reports of its failed tunnel is told to who waits for it") {
  Fleet fleet;
  fleet.registry.raise(kEndpoint, kSecond);
  REQUIRE(fleet.check_in(fleet.second).kind == Kind::connect);
  wire::AgentReport report;
  report.tunnel_failure = "host-key-mismatch";
  report.tunnel_detail = "another key";
  fleet.registry.agent_reported(fleet.second, report);
  const auto waiting = fleet.registry.waiting(kEndpoint, kSecond);
  CHECK(waiting.reason == "host-key-mismatch");
  CHECK(waiting.detail == "another key");
  CHECK(waiting.tunnel_state == TunnelState::required);
  CHECK(fleet.registry.waiting(kEndpoint, kFirst).detail.empty());
}

TEST_CASE("a shutdown asks for no tunnel again, whoever needs one") {
  Fleet fleet;
  fleet.registry.raise(kEndpoint, kFirst);
  const auto own = fleet.come(fleet.first);
  fleet.registry.raise(kEndpoint);
  fleet.registry.tunnel_closed(kEndpoint, own->id(), Reason::shutdown);
  CHECK(fleet.state() == TunnelState::idle);
  CHECK(own_state(fleet, 0) == TunnelState::idle);
}

TEST_CASE("an instance shows its pinned host key whole, where it is one") {
  Fleet fleet;
  const auto key = ssh::Key::generate();
  REQUIRE(key);
  const std::pair<InstanceId, std::string> pinned[] = {{kFirst, "ssh-ed25519 ???"},
                                                       {kSecond, key->public_line()}};
  for (const auto& [id, line] : pinned) {
    auto record = instance_record(id);
    record.host_key = line;
    fleet.registry.apply_association(kEndpoint, std::string(32, 'h'), key_of_endpoint(), record);
  }
  const auto shown = fleet.registry.describe(kEndpoint, true)["instances"];
  CHECK(shown[1]["host-key-line"] == key->public_line());
  CHECK(shown[1]["host-key"] == key->fingerprint());
  CHECK(shown[0]["host-key-line"] == "");
}

}  // namespace edge::server::test
