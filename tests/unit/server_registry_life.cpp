#include "server_registry_driver.hpp"
#include "store_folder.hpp"

namespace edge::server::test {
namespace {

EndpointState state_of(const Registry& registry, const EndpointId& id = kEndpoint) {
  return registry.waiting(id).state;
}

store::EndpointRecord stored(char letter, const std::string& name, std::optional<WallTime> seen) {
  store::EndpointRecord record;
  record.id = EndpointId{std::string(32, letter)};
  record.name = name;
  record.token_hash = std::string(32, 't');
  record.edge_id_hash = std::string(31, 'h') + letter;
  record.key = key_of_endpoint();
  auto instance = instance_record(kFirst);
  instance.last_seen = seen;
  record.instances = {instance};
  return record;
}

void put(store::Store& store, const store::EndpointRecord& record) {
  auto bare = record;
  bare.instances.clear();
  bare.edge_id_hash.reset();
  bare.key = Secret{};
  REQUIRE(store.create_endpoint(bare));
  REQUIRE(store.associate(record.id, *record.edge_id_hash, record.key, record.instances[0]));
  REQUIRE(store.put_instance(record.id, record.instances[0]));
}

store::Tombstone tombstone() {
  return {kEndpoint, "pump-7", key_of_endpoint(), WallTime{}};
}

}  // namespace

TEST_CASE("an endpoint is new until it was seen, online while it is, offline after its silence") {
  FakeClock clock;
  Registry registry(clock, "", "");
  store::EndpointRecord record;
  record.id = kEndpoint;
  record.name = "pump-7";
  registry.add(record);
  CHECK(state_of(registry) == EndpointState::fresh);
  registry.apply_association(kEndpoint, "h", key_of_endpoint(), instance_record(kFirst));
  CHECK(state_of(registry) == EndpointState::online);
  clock.advance(milliseconds{130'000});
  CHECK(state_of(registry) == EndpointState::online);
  clock.advance(milliseconds{1});
  CHECK(state_of(registry) == EndpointState::offline);
  registry.arrive({{kEndpoint, kFirst, 0}, 0, "192.0.2.1", milliseconds{0}, nullptr}, nullptr);
  CHECK(state_of(registry) == EndpointState::online);
}

TEST_CASE("an endpoint with an open tunnel is online however long it does not check in") {
  Fleet fleet;
  const auto tunnel = fleet.open(fleet.first);
  fleet.clock.advance(std::chrono::hours{24});
  CHECK(state_of(fleet.registry) == EndpointState::online);
  fleet.registry.tunnel_closed(kEndpoint, tunnel->id(), Reason::lost);
  CHECK(state_of(fleet.registry) ==
        EndpointState::online);  // the tunnel was a sign of life until its end
  CHECK(fleet.registry.take_unsaved().size() == 1);
}

TEST_CASE("a tunnel that closes is a sign of life, too") {
  Fleet fleet;
  const auto tunnel = fleet.open(fleet.first);
  fleet.registry.lower(kEndpoint);
  fleet.clock.advance(std::chrono::hours{1});
  REQUIRE(fleet.registry.tunnel_closing(kEndpoint, tunnel->id()));
  CHECK(state_of(fleet.registry) == EndpointState::online);
  CHECK(fleet.registry.counts().online == 1);
  CHECK(fleet.registry.describe(kEndpoint, false)["state"] == "online");
}

TEST_CASE("who has a tunnel is stored as seen, though it does not check in") {
  Fleet fleet;
  const auto tunnel = fleet.open(fleet.second);
  fleet.registry.take_unsaved();
  fleet.clock.advance(std::chrono::hours{1});
  const auto batch = fleet.registry.take_unsaved();
  REQUIRE(batch.size() == 1);
  CHECK(batch[0].instance == kSecond);
  CHECK(batch[0].time == fleet.clock.wall());
}

TEST_CASE("an endpoint that comes back online wakes who watches it") {
  Fleet fleet;
  fleet.clock.advance(std::chrono::hours{1});
  const auto watcher = fleet.bell();
  fleet.registry.watch(kEndpoint, watcher);
  fleet.check_in(fleet.first);
  CHECK(fleet.rung(watcher));
}

TEST_CASE(
    "after a restart of edged who was online has time to come back and who was not stays offline") {
  const store::test::TempFolder folder;
  FakeClock clock;
  const auto now = clock.wall();
  {
    const auto store = store::test::must_open(folder.path);
    put(*store, stored('1', "was-online", now - std::chrono::hours{5}));
    put(*store, stored('2', "was-offline", now - std::chrono::hours{6}));
    put(*store, stored('3', "just-joined", std::nullopt));
    REQUIRE(store->put_setting("check-in.interval", "9s"));
    REQUIRE(store->put_endpoint_setting(EndpointId{std::string(32, '1')}, "check-in.hold", "off"));
  }
  const auto store = store::test::must_open(folder.path);
  Registry registry(clock, "", "");
  REQUIRE(registry.load(*store));
  const EndpointId returning{std::string(32, '1')};
  CHECK(state_of(registry, returning) == EndpointState::online);
  CHECK(registry.describe(returning, false)["last-seen"] ==
        format_rfc3339(now - std::chrono::hours{5}));
  CHECK(state_of(registry, EndpointId{std::string(32, '2')}) == EndpointState::offline);
  CHECK(state_of(registry, EndpointId{std::string(32, '3')}) == EndpointState::fresh);
  CHECK(registry.counts().online == 1);
  CHECK(registry.names().size() == 3);
  const wire::Pace pace{milliseconds{9'000}, milliseconds{0}};
  CHECK(registry.pace(returning) == pace);
  // Its instances can check in with the key they had.
  CHECK(registry.host_key(returning, kFirst) == instance_record(kFirst).host_key);
  // Asked every 9 s it may be silent for 38 s, but its back-off may have come to a minute.
  clock.advance(milliseconds{70'000});
  CHECK(state_of(registry, returning) == EndpointState::online);
  clock.advance(milliseconds{1});
  CHECK(state_of(registry, returning) == EndpointState::offline);
}

TEST_CASE(
    "who comes back after a restart of edged is worth storing soon, and not awaited any more") {
  const store::test::TempFolder folder;
  FakeClock clock;
  const auto store = store::test::must_open(folder.path);
  put(*store, stored('1', "was-online", clock.wall() - std::chrono::hours{5}));
  Registry registry(clock, "", "");
  REQUIRE(registry.load(*store));
  const EndpointId returning{std::string(32, '1')};
  CHECK_FALSE(registry.take_returns());
  registry.arrive({{returning, kFirst, 0}, 0, "192.0.2.1", milliseconds{0}, nullptr}, nullptr);
  CHECK(registry.take_returns());
  registry.arrive({{returning, kFirst, 0}, 0, "192.0.2.1", milliseconds{0}, nullptr}, nullptr);
  CHECK_FALSE(registry.take_returns());
}

TEST_CASE("an agent of a removed endpoint is told so, and a stranger is not") {
  Fleet fleet;
  fleet.registry.remove(kEndpoint, tombstone());
  CHECK(fleet.authenticate(fleet.mac(1)).error() == Refusal::removed);
  auto forged = fleet.mac(2);
  forged.mac->mac[0] = forged.mac->mac[0] == 'A' ? 'B' : 'A';
  CHECK(fleet.authenticate(forged).error() == Refusal::unauthorized);
}

TEST_CASE("an endpoint that was removed before the restart is still told so after it") {
  const store::test::TempFolder folder;
  const auto store = store::test::must_open(folder.path);
  put(*store, stored('e', "pump-7", std::nullopt));
  REQUIRE(store->remove_endpoint(kEndpoint, tombstone()));
  Fleet fleet;  // for its MACs
  Registry registry(fleet.clock, "", "");
  REQUIRE(registry.load(*store));
  CHECK(registry.authenticate(fleet.mac(1), "GET", "/v1/check-in", 1).error() == Refusal::removed);
}

TEST_CASE("removing an endpoint ends its tunnel, its holds and its credentials") {
  Fleet fleet;
  const auto tunnel = fleet.open(fleet.first);
  const auto held = fleet.bell(), watcher = fleet.bell();
  REQUIRE(fleet.check_in(fleet.second, held).kind == Kind::hold);
  fleet.registry.watch(kEndpoint, watcher);
  const auto ticket = fleet.registry.new_ticket(fleet.second);
  fleet.registry.remove(kEndpoint, tombstone());
  CHECK(tunnel->ended == std::vector<Reason>{Reason::endpoint_removed});
  CHECK(fleet.rung(held));
  CHECK(fleet.rung(watcher));
  CHECK_FALSE(fleet.by_ticket(ticket));
  CHECK_FALSE(fleet.registry.find("pump-7"));
  CHECK_FALSE(fleet.registry.waiting(kEndpoint).exists);
  fleet.registry.tunnel_closed(kEndpoint, tunnel->id(), Reason::endpoint_removed);  // comes later
  CHECK(fleet.registry.counts().tunnels == 0);
}

TEST_CASE("credentials of a disassociated endpoint open nothing") {
  Fleet fleet;
  fleet.registry.raise(kEndpoint);
  const auto offer = fleet.check_in(fleet.first).offer;
  fleet.registry.forget_association(kEndpoint);
  CHECK_FALSE(fleet.registry.consume(offer.tunnel, Fleet::password(offer, kFirst)));
  CHECK_FALSE(fleet.authenticate(fleet.mac(1)));
  CHECK_FALSE(fleet.registry.association_state(kEndpoint)->edge_id_hash);
}

TEST_CASE("an endpoint that was disassociated while it connected can be connected again at once") {
  Fleet fleet;
  fleet.registry.raise(kEndpoint);
  REQUIRE(fleet.check_in(fleet.first).kind == Kind::connect);
  fleet.registry.forget_association(kEndpoint);
  fleet.join(kSecond);
  CHECK(fleet.check_in(fleet.second).kind == Kind::connect);
}

TEST_CASE("a renamed endpoint is found by its new name and by its id") {
  Fleet fleet;
  fleet.registry.rename(kEndpoint, "pump-8");
  CHECK(fleet.registry.find("pump-8") == kEndpoint);
  CHECK(fleet.registry.find(kEndpoint.text) == kEndpoint);
  CHECK_FALSE(fleet.registry.find("pump-7"));
  CHECK(fleet.registry.name_of(kEndpoint) == "pump-8");
}

TEST_CASE("what agents said of themselves is shown without its control characters") {
  Fleet fleet;
  wire::AgentReport report;
  report.host_name = "node\x1b[31m";
  report.tunnel_failure = "lost\n";
  fleet.registry.agent_reported(fleet.first, report);
  const auto text = fleet.registry.describe(kEndpoint, true).dump();
  CHECK(text.find("\\u001b") == std::string::npos);
  CHECK(text.find("\\n") == std::string::npos);
}

TEST_CASE("a wait that is shorter than ordered is shown, per instance") {
  Fleet fleet;
  const auto shown = [&fleet](std::size_t instance) {
    return fleet.registry.describe(kEndpoint, true)["instances"][instance]["shortened-hold"];
  };
  wire::AgentReport report;
  report.hold = milliseconds{25'000};
  fleet.registry.agent_reported(fleet.first, report);
  CHECK(shown(0) == "25s");
  CHECK(shown(1).is_null());
  fleet.registry.agent_reported(fleet.first, {});  // says nothing about it
  CHECK(shown(0) == "25s");
  report.hold = milliseconds{0};
  fleet.registry.agent_reported(fleet.first, report);
  CHECK(shown(0) == "off");
  report.hold = milliseconds{55'000};  // as ordered
  fleet.registry.agent_reported(fleet.first, report);
  CHECK(shown(0).is_null());
}

}  // namespace edge::server::test
