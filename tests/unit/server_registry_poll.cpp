#include "server_registry_driver.hpp"

namespace edge::server::test {

TEST_CASE("a right MAC is taken once") {
  Fleet fleet;
  const auto caller = fleet.authenticate(fleet.mac(7));
  REQUIRE(caller);
  CHECK(caller->instance == kFirst);
  CHECK(fleet.authenticate(fleet.mac(7)).error() == Refusal::unauthorized);
  CHECK(fleet.authenticate(fleet.mac(6)).error() == Refusal::unauthorized);
  CHECK(fleet.authenticate(fleet.mac(8)));
  CHECK(fleet.authenticate(fleet.mac(7, kSecond)));  // a counter is an instance's own
}

TEST_CASE("a wrong MAC uses up no counter") {
  Fleet fleet;
  auto forged = fleet.mac(UINT64_MAX);
  forged.mac->mac[0] = forged.mac->mac[0] == 'A' ? 'B' : 'A';
  CHECK(fleet.authenticate(forged).error() == Refusal::unauthorized);
  CHECK(fleet.authenticate(fleet.mac(1)));
}

TEST_CASE("an old counter is a replay, but on the instance's own connection it is a clone's work") {
  Fleet fleet;
  bool first = false;
  REQUIRE(fleet.authenticate(fleet.mac(5), 1));
  REQUIRE(fleet.registry.connection_is_its_own(fleet.first, 1, first));
  REQUIRE(fleet.authenticate(fleet.mac(9), 2));
  REQUIRE(fleet.registry.connection_is_its_own(fleet.first, 2, first));
  CHECK(fleet.authenticate(fleet.mac(6), 1).error() == Refusal::clone);
  CHECK(fleet.authenticate(fleet.mac(6), 3).error() == Refusal::unauthorized);
}

TEST_CASE("both connections of a clone are told once, the held one when it looks again") {
  Fleet fleet;
  const auto bell = fleet.bell();
  REQUIRE(fleet.registry.arrive(Fleet::visit(fleet.first, nullptr, 1), nullptr).kind ==
          Kind::not_needed);
  const auto held = Fleet::visit(fleet.first, bell, 2);
  REQUIRE(fleet.registry.arrive(held, nullptr).kind == Kind::hold);
  const auto again = fleet.registry.arrive(Fleet::visit(fleet.first, nullptr, 1), nullptr);
  CHECK(again.kind == Kind::clone);
  CHECK(again.first_of_clone);
  CHECK(fleet.rung(bell));
  const auto told = fleet.registry.look_again(held, /*over=*/false);
  CHECK(told.kind == Kind::clone);
  CHECK_FALSE(told.first_of_clone);
  CHECK(fleet.registry.counts().held == 0);
}

TEST_CASE("connections that say nothing about who is on them make no clones") {
  Fleet fleet;
  for (int i = 0; i < 3; ++i) CHECK(fleet.check_in(fleet.first).kind == Kind::not_needed);
  REQUIRE(fleet.authenticate(fleet.mac(5), 0));
  CHECK(fleet.authenticate(fleet.mac(4), 0).error() == Refusal::unauthorized);
}

TEST_CASE("a check-in by the ticket of its connection is decided in one go") {
  Fleet fleet;
  const auto hash = crypto::hash_of(fleet.registry.new_ticket(fleet.first));
  CHECK(fleet.registry.arrive(Fleet::visit(fleet.first), &hash).kind == Kind::not_needed);
  CHECK(fleet.registry.arrive(Fleet::visit(fleet.second), &hash).kind == Kind::unauthorized);
  const auto other = crypto::hash_of("another");
  CHECK(fleet.registry.arrive(Fleet::visit(fleet.first), &other).kind == Kind::unauthorized);
  const crypto::Hash none{};  // of an instance that has no ticket yet
  CHECK(fleet.registry.arrive(Fleet::visit(fleet.second), &none).kind == Kind::unauthorized);
  CHECK(fleet.registry.check_ins() == 1);
  fleet.clock.advance(std::chrono::hours{1});
  CHECK(fleet.registry.arrive(Fleet::visit(fleet.first), &hash).kind == Kind::unauthorized);
}

TEST_CASE("a caller of an old token gets no ticket, and takes nobody's") {
  Fleet fleet;
  const auto ticket = fleet.registry.new_ticket(fleet.first);
  Caller old = fleet.first;
  old.generation += 1;
  CHECK(fleet.registry.new_ticket(old).empty());
  CHECK(fleet.by_ticket(ticket));
}

TEST_CASE("looking at a held check-in again is no sign of life, and nothing asks for it") {
  Fleet fleet;
  const auto bell = fleet.bell();
  const auto answer = fleet.check_in(fleet.first, bell);
  REQUIRE(answer.kind == Kind::hold);
  CHECK_FALSE(answer.recheck);
  fleet.clock.advance(milliseconds{131'000});
  CHECK(fleet.registry.look_again(Fleet::visit(fleet.first, bell), true).kind == Kind::not_needed);
  CHECK(fleet.registry.counts().offline == 1);
  CHECK(fleet.registry.counts().held == 0);
}

TEST_CASE("a wait that was not asked for, or not ordered, is no hold") {
  Fleet fleet;
  auto visit = Fleet::visit(fleet.first, fleet.bell());
  visit.asked = milliseconds{0};
  CHECK(fleet.registry.arrive(visit, nullptr).kind == Kind::not_needed);
  visit.asked = milliseconds{5'000};
  CHECK(fleet.registry.arrive(visit, nullptr).kind == Kind::hold);
  fleet.registry.set_setting("check-in.hold", "off");
  CHECK(fleet.registry.arrive(visit, nullptr).kind == Kind::not_needed);
}

TEST_CASE("a MAC is good for its own method, path and caller") {
  Fleet fleet;
  CHECK_FALSE(fleet.registry.authenticate(fleet.mac(1), "POST", "/v1/check-in", 1));
  CHECK_FALSE(fleet.registry.authenticate(fleet.mac(1), "GET", "/v1/snapshot", 1));
  auto other = fleet.mac(1, kSecond);
  const auto own = fleet.mac(1);
  other.mac->mac = own.mac->mac;
  CAPTURE(other.mac->rest);
  CAPTURE(own.mac->rest);
  CHECK_FALSE(fleet.authenticate(other));
  CHECK_FALSE(fleet.authenticate(fleet.mac(1, InstanceId{std::string(16, 'c')})));
  CHECK_FALSE(fleet.authenticate(fleet.mac(1, kFirst, EndpointId{std::string(32, '0')})));
  CHECK(fleet.authenticate(fleet.mac(1)));
}

TEST_CASE("a ticket stands for its instance for an hour, and the next one replaces it") {
  Fleet fleet;
  const auto ticket = fleet.registry.new_ticket(fleet.first);
  CHECK(fleet.by_ticket(ticket)->instance == kFirst);
  CHECK(fleet.by_ticket(ticket)->instance == kFirst);
  CHECK_FALSE(fleet.by_ticket("not base64!"));
  CHECK_FALSE(fleet.by_ticket(""));
  const auto next = fleet.registry.new_ticket(fleet.first);
  CHECK_FALSE(fleet.by_ticket(ticket));
  fleet.clock.advance(std::chrono::hours{1});
  CHECK_FALSE(fleet.by_ticket(next));
}

TEST_CASE("a ticket of the token before the last is worth nothing") {
  Fleet fleet;
  const auto ticket = fleet.registry.new_ticket(fleet.first);
  auto record = *fleet.registry.record(kEndpoint);
  record.generation = 1;
  fleet.registry.replace_token(record);
  fleet.join(kFirst);
  CHECK_FALSE(fleet.by_ticket(ticket));
  // What an in-flight check-in asks for under the old generation does not live either.
  CHECK_FALSE(fleet.by_ticket(fleet.registry.new_ticket(fleet.first)));
  CHECK(fleet.by_ticket(fleet.registry.new_ticket({kEndpoint, kFirst, 1})));
}

TEST_CASE("two connections with one identity are refused, and the held one is woken to be told") {
  Fleet fleet;
  bool first = false;
  CHECK(fleet.registry.connection_is_its_own(fleet.first, 1, first));
  CHECK(fleet.registry.connection_is_its_own(fleet.first, 2, first));
  const auto bell = fleet.bell();
  REQUIRE(fleet.check_in(fleet.first, bell).kind == Kind::hold);
  CHECK_FALSE(fleet.registry.connection_is_its_own(fleet.first, 1, first));
  CHECK(first);
  CHECK(fleet.rung(bell));
  CHECK_FALSE(fleet.registry.connection_is_its_own(fleet.first, 2, first));
  CHECK(fleet.registry.connection_is_its_own(fleet.second, 3, first));  // each instance for itself
}

TEST_CASE("a connection that closed is no clone's") {
  Fleet fleet;
  bool first = false;
  REQUIRE(fleet.registry.connection_is_its_own(fleet.first, 1, first));
  REQUIRE(fleet.registry.connection_is_its_own(fleet.first, 2, first));
  fleet.registry.leave(Fleet::visit(fleet.first, nullptr, 1));
  CHECK(fleet.registry.connection_is_its_own(fleet.first, 1, first));
}

TEST_CASE("the newest check-in of an instance holds and the older one is woken") {
  Fleet fleet;
  const auto old = fleet.bell(), fresh = fleet.bell();
  REQUIRE(fleet.check_in(fleet.first, old).kind == Kind::hold);
  REQUIRE(fleet.check_in(fleet.first, fresh).kind == Kind::hold);
  CHECK(fleet.rung(old));
  CHECK_FALSE(fleet.holds(old));
  CHECK(fleet.holds(fresh));
  fleet.registry.leave(Fleet::visit(fleet.first, old));  // late: not its own any more
  CHECK(fleet.holds(fresh));
  CHECK(fleet.registry.counts().held == 1);
  fleet.registry.leave(Fleet::visit(fleet.first, fresh));
  CHECK(fleet.registry.counts().held == 0);
}

TEST_CASE("a check-in that wins on another connection wakes the one that is still held") {
  Fleet fleet;
  const auto held = fleet.bell();
  REQUIRE(fleet.check_in(fleet.first, held).kind == Kind::hold);
  fleet.registry.raise(kEndpoint);
  REQUIRE(fleet.rung(held));  // by the raise
  REQUIRE(fleet.check_in(fleet.first).kind == Kind::connect);
  CHECK(fleet.rung(held));
}

TEST_CASE("a new pace wakes who is held and is what the next answer says") {
  Fleet fleet;
  const auto bell = fleet.bell();
  REQUIRE(fleet.check_in(fleet.first, bell).kind == Kind::hold);
  fleet.registry.set_setting("check-in.interval", "7s");
  CHECK(fleet.rung(bell));
  fleet.registry.set_endpoint_setting(kEndpoint, "check-in.hold", "off");
  CHECK(fleet.rung(bell));
  const wire::Pace wanted{milliseconds{7'000}, milliseconds{0}};
  CHECK(fleet.check_in(fleet.first).pace == wanted);
  CHECK(fleet.registry.pace(kEndpoint) == wanted);
}

TEST_CASE("an override wins over the fleet's setting until it is taken away") {
  Fleet fleet;
  fleet.registry.set_endpoint_setting(kEndpoint, "tunnel.idle", "1m");
  fleet.registry.set_setting("tunnel.idle", "2m");
  CHECK(fleet.registry.settings_of(kEndpoint).tunnel_idle == milliseconds{60'000});
  CHECK(fleet.registry.settings().tunnel_idle == milliseconds{120'000});
  fleet.registry.set_endpoint_setting(kEndpoint, "tunnel.idle", "");
  CHECK(fleet.registry.settings_of(kEndpoint).tunnel_idle == milliseconds{120'000});
  fleet.registry.set_setting("tunnel.idle", "");
  CHECK(fleet.registry.settings_of(kEndpoint) == config::FleetSettings{});
  CHECK(fleet.registry.set_settings().empty());
}

TEST_CASE("the open deadline of a tunnel follows its setting") {
  Fleet fleet;
  fleet.registry.set_setting("tunnel.open-deadline", "3s");
  fleet.registry.raise(kEndpoint);
  REQUIRE(fleet.check_in(fleet.first).kind == Kind::connect);
  CHECK(fleet.check_in(fleet.second, fleet.bell()).recheck == milliseconds{3'000});
}

TEST_CASE("ending all holds wakes everybody") {
  Fleet fleet;
  const auto bell = fleet.bell();
  REQUIRE(fleet.check_in(fleet.first, bell).kind == Kind::hold);
  fleet.registry.end_all_holds();
  CHECK(fleet.rung(bell));
}

TEST_CASE("last-seen times are handed out for saving once") {
  Fleet fleet;
  fleet.check_in(fleet.first);
  const auto batch = fleet.registry.take_unsaved();
  REQUIRE(batch.size() == 1);
  CHECK(batch[0].instance == kFirst);
  CHECK(batch[0].time == fleet.clock.wall());
  CHECK(batch[0].address == "192.0.2.1");
  CHECK(fleet.registry.take_unsaved().empty());
}

}  // namespace edge::server::test
