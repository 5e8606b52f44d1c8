#include <doctest/doctest.h>

#include <thread>
#include <vector>

#include "store/store.hpp"
#include "store_folder.hpp"

using namespace edge;
using namespace edge::store;
using namespace edge::store::test;

namespace {

void check_same(const InstanceRecord& left, const InstanceRecord& right) {
  CHECK(left.id == right.id);
  CHECK(left.host_key == right.host_key);
  CHECK(left.version == right.version);
  CHECK(left.platform == right.platform);
  CHECK(left.host_name == right.host_name);
  CHECK(left.address == right.address);
  CHECK((left.associated == right.associated));
  CHECK((left.last_seen == right.last_seen));
}

void check_same(const EndpointRecord& left, const EndpointRecord& right) {
  CHECK(left.id == right.id);
  CHECK(left.name == right.name);
  CHECK((left.created == right.created));
  CHECK(left.url == right.url);
  CHECK(left.token_hash == right.token_hash);
  CHECK((left.token_expires == right.token_expires));
  CHECK(left.generation == right.generation);
  CHECK((left.edge_id_hash == right.edge_id_hash));
  CHECK((left.key == right.key));
  CHECK(left.settings == right.settings);
  REQUIRE(left.instances.size() == right.instances.size());
  for (std::size_t i = 0; i < left.instances.size(); ++i) {
    check_same(left.instances[i], right.instances[i]);
  }
}

EndpointRecord full_endpoint() {
  auto endpoint = bare_endpoint(7, "plc-7");
  endpoint.url = "https://edge.example.com:9000";
  endpoint.token_hash = std::string("\0\x01\xff", 3) + std::string(29, 'x');
  endpoint.token_expires = at(9000);
  endpoint.generation = 4'000'000'000;
  endpoint.edge_id_hash = std::string(32, '\0');
  endpoint.key = Secret(std::string(32, '\x80'));
  endpoint.settings = {{"hold", "off"}, {"interval", "30s"}};
  endpoint.instances = {full_instance(1), full_instance(2)};
  endpoint.instances[1].last_seen.reset();
  return endpoint;
}

EndpointRecord only_endpoint(Store& store) {
  auto endpoints = store.load_endpoints();
  REQUIRE(endpoints.has_value());
  REQUIRE(endpoints->size() == 1);
  return endpoints->front();
}

}  // namespace

TEST_CASE("an endpoint with all that hangs on it comes back as it was, after a restart too") {
  TempFolder folder;
  const auto full = full_endpoint();
  const auto bare = bare_endpoint(8, "plc-8");
  {
    auto store = must_open(folder.path);
    REQUIRE(store->create_endpoint(bare).has_value());
    REQUIRE(store->create_endpoint(full).has_value());
  }
  auto endpoints = must_open(folder.path)->load_endpoints();
  REQUIRE(endpoints.has_value());
  REQUIRE(endpoints->size() == 2);
  check_same((*endpoints)[0], full);
  check_same((*endpoints)[1], bare);
}

TEST_CASE("a second endpoint of the same name is refused by name and leaves nothing behind") {
  TempFolder folder;
  auto store = must_open(folder.path);
  REQUIRE(store->create_endpoint(bare_endpoint(1, "plc-7")).has_value());
  const auto again = store->create_endpoint(full_endpoint());
  REQUIRE(again.has_error());
  CHECK(again.error().code == Errc::conflict);
  CHECK(again.error().message ==
        "cannot create endpoint plc-7: an endpoint named plc-7 exists already");
  CHECK(only_endpoint(*store).instances.empty());
}

TEST_CASE("an id and an edge ID of another endpoint are refused at creation") {
  TempFolder folder;
  auto store = must_open(folder.path);
  REQUIRE(store->create_endpoint(full_endpoint()).has_value());
  auto same_id = bare_endpoint(7, "other");
  CHECK(store->create_endpoint(same_id).error().code == Errc::conflict);
  auto same_edge_id = bare_endpoint(8, "other");
  same_edge_id.edge_id_hash = full_endpoint().edge_id_hash;
  CHECK(store->create_endpoint(same_edge_id).error().message ==
        "cannot create endpoint other: another endpoint has this edge ID");
}

TEST_CASE("renaming keeps everything but the name, and refuses names in use") {
  TempFolder folder;
  auto store = must_open(folder.path);
  REQUIRE(store->create_endpoint(full_endpoint()).has_value());
  REQUIRE(store->create_endpoint(bare_endpoint(8, "plc-8")).has_value());
  CHECK(store->rename_endpoint(endpoint_id(7), "plc-8").error().code == Errc::conflict);
  CHECK(store->rename_endpoint(endpoint_id(99), "plc-99").error().code == Errc::not_found);
  REQUIRE(store->rename_endpoint(endpoint_id(7), "press").has_value());
  auto expected = full_endpoint();
  expected.name = "press";
  check_same(store->load_endpoints()->back(), expected);
}

TEST_CASE("a removed endpoint leaves its tombstone and its events, and nothing else") {
  TempFolder folder;
  auto store = must_open(folder.path);
  REQUIRE(store->create_endpoint(full_endpoint()).has_value());
  REQUIRE(store->put_snapshot({endpoint_id(7), instance_id(1), at(1), "{}"}).has_value());
  REQUIRE(
      store->append_event({at(1), "endpoint.created", endpoint_id(7), {}, "ada", ""}).has_value());
  const Tombstone tombstone{endpoint_id(7), "plc-7", Secret("key"), at(5000)};
  CHECK(store->remove_endpoint(endpoint_id(99), tombstone).error().code == Errc::not_found);
  CHECK(store->load_tombstones()->empty());
  REQUIRE(store->remove_endpoint(endpoint_id(7), tombstone).has_value());
  store.reset();

  CHECK(raw_sql(folder.path / "edged.db",
                "SELECT (SELECT count(*) FROM endpoint) + (SELECT count(*) FROM instance) + "
                "(SELECT count(*) FROM endpoint_setting) + (SELECT count(*) FROM snapshot)") ==
        "0");
  store = must_open(folder.path);
  const auto kept = store->load_tombstones();
  REQUIRE(kept->size() == 1);
  CHECK(kept->front().id == endpoint_id(7));
  CHECK(kept->front().name == "plc-7");
  CHECK((kept->front().key == Secret("key")));
  CHECK((kept->front().removed == at(5000)));
  CHECK(store->events(endpoint_id(7), 10)->size() == 1);
}

TEST_CASE("tombstones are dropped when they are old enough, and not before") {
  TempFolder folder;
  auto store = must_open(folder.path);
  for (unsigned i = 1; i <= 3; ++i) {
    REQUIRE(store->create_endpoint(bare_endpoint(i, "e" + std::to_string(i))).has_value());
    REQUIRE(store->remove_endpoint(endpoint_id(i), {endpoint_id(i), "e", Secret("k"), at(i)})
                .has_value());
  }
  REQUIRE(store->drop_tombstones_before(at(3)).has_value());
  REQUIRE(store->load_tombstones()->size() == 1);
  CHECK(store->load_tombstones()->front().id == endpoint_id(3));
}

TEST_CASE("settings are replaced by a new value and removed by an empty one") {
  TempFolder folder;
  auto store = must_open(folder.path);
  REQUIRE(store->create_endpoint(bare_endpoint(7, "plc-7")).has_value());
  REQUIRE(store->put_setting("interval", "5s").has_value());
  REQUIRE(store->put_setting("interval", "10s").has_value());
  REQUIRE(store->put_setting("hold", "55s").has_value());
  REQUIRE(store->put_setting("hold", "").has_value());
  CHECK(*store->load_settings() == std::map<std::string, std::string>{{"interval", "10s"}});

  REQUIRE(store->put_endpoint_setting(endpoint_id(7), "idle", "1m").has_value());
  REQUIRE(store->put_endpoint_setting(endpoint_id(7), "idle", "2m").has_value());
  CHECK(only_endpoint(*store).settings == std::map<std::string, std::string>{{"idle", "2m"}});
  REQUIRE(store->put_endpoint_setting(endpoint_id(7), "idle", "").has_value());
  CHECK(only_endpoint(*store).settings.empty());
  CHECK(store->put_endpoint_setting(endpoint_id(99), "idle", "2m").error().code == Errc::not_found);
}

TEST_CASE(
    "an instance is replaced whole, removed with its snapshot, and refused without endpoint") {
  TempFolder folder;
  auto store = must_open(folder.path);
  REQUIRE(store->create_endpoint(full_endpoint()).has_value());
  auto changed = full_instance(1);
  changed.host_key = "ssh-ed25519 BBBB";
  changed.version = "0.2.0";
  REQUIRE(store->put_instance(endpoint_id(7), changed).has_value());
  check_same(only_endpoint(*store).instances[0], changed);

  REQUIRE(store->put_snapshot({endpoint_id(7), instance_id(1), at(1), "{}"}).has_value());
  REQUIRE(store->remove_instance(endpoint_id(7), instance_id(1)).has_value());
  CHECK(store->remove_instance(endpoint_id(7), instance_id(1)).error().code == Errc::not_found);
  CHECK(only_endpoint(*store).instances.size() == 1);
  CHECK(store->snapshots(endpoint_id(7))->empty());
  CHECK(store->put_instance(endpoint_id(99), changed).error().code == Errc::not_found);
}

TEST_CASE("last-seen reaches the instances that are still there") {
  TempFolder folder;
  auto store = must_open(folder.path);
  REQUIRE(store->create_endpoint(full_endpoint()).has_value());
  REQUIRE(store
              ->put_last_seen({{endpoint_id(7), instance_id(2), at(7777), "[2001:db8::1]:1"},
                               {endpoint_id(7), instance_id(99), at(7777), "gone"}})
              .has_value());
  const auto endpoint = only_endpoint(*store);
  CHECK((endpoint.instances[0].last_seen == full_instance(1).last_seen));
  CHECK((endpoint.instances[1].last_seen == at(7777)));
  CHECK(endpoint.instances[1].address == "[2001:db8::1]:1");
  CHECK(endpoint.instances.size() == 2);
  CHECK(store->put_last_seen({}).has_value());
}

TEST_CASE("the last snapshot of each instance is kept, the newest first") {
  TempFolder folder;
  auto store = must_open(folder.path);
  REQUIRE(store->create_endpoint(full_endpoint()).has_value());
  REQUIRE(store->put_snapshot({endpoint_id(7), instance_id(1), at(1), "{\"old\":1}"}).has_value());
  REQUIRE(store->put_snapshot({endpoint_id(7), instance_id(2), at(2), "{\"b\":2}"}).has_value());
  REQUIRE(store->put_snapshot({endpoint_id(7), instance_id(1), at(3), "{\"a\":3}"}).has_value());
  const auto kept = store->snapshots(endpoint_id(7));
  REQUIRE(kept->size() == 2);
  CHECK((*kept)[0].endpoint == endpoint_id(7));
  CHECK((*kept)[0].instance == instance_id(1));
  CHECK((*kept)[0].body == "{\"a\":3}");
  CHECK(((*kept)[0].taken == at(3)));
  CHECK((*kept)[1].instance == instance_id(2));
  CHECK(store->put_snapshot({endpoint_id(7), instance_id(9), at(1), "{}"}).error().code ==
        Errc::not_found);
}

TEST_CASE("events come back newest first, of one endpoint or of all, as many as asked for") {
  TempFolder folder;
  auto store = must_open(folder.path);
  const EventRecord first{at(1), "endpoint.created", endpoint_id(1), {}, "ada", "by hand"};
  const EventRecord second{at(1), "instance.cloned", endpoint_id(2), instance_id(5), "", "twice"};
  const EventRecord third{at(1), "endpoint.renamed", endpoint_id(1), {}, "bob", ""};
  const EventRecord fleet{at(2), "setting.changed", {}, {}, "bob", "interval"};
  for (const auto& event : {first, second, third, fleet})
    REQUIRE(store->append_event(event).has_value());

  const auto of_one = store->events(endpoint_id(1), 10);
  REQUIRE(of_one->size() == 2);
  CHECK((*of_one)[0].kind == "endpoint.renamed");
  CHECK((*of_one)[1].operator_name == "ada");
  CHECK((*of_one)[1].text == "by hand");
  CHECK(store->events(endpoint_id(1), 1)->size() == 1);
  const auto of_all = store->events({}, 10);
  REQUIRE(of_all->size() == 4);
  CHECK((*of_all)[0].kind == "setting.changed");
  CHECK((*of_all)[2].instance == instance_id(5));
}

TEST_CASE("threads that write at the same time all succeed") {
  TempFolder folder;
  auto store = must_open(folder.path);
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (unsigned i = 0; i < 10; ++i) {
        static_cast<void>(store->create_endpoint(
            bare_endpoint(t * 10 + i, "e" + std::to_string(t) + "-" + std::to_string(i))));
        static_cast<void>(store->load_settings());
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(store->load_endpoints()->size() == 40);
}
