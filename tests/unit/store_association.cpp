#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "store/store.hpp"
#include "store_folder.hpp"

using namespace edge;
using namespace edge::store;
using namespace edge::store::test;

namespace {

const std::string kHash(32, '\x01');
const Secret kKey(std::string(32, '\x02'));

EndpointRecord find(Store& store, unsigned number) {
  for (auto& endpoint : *store.load_endpoints()) {
    if (endpoint.id == endpoint_id(number)) return endpoint;
  }
  FAIL("no such endpoint");
  return {};
}

}  // namespace

TEST_CASE("an association stores edge ID, key and instance together") {
  TempFolder folder;
  auto store = must_open(folder.path);
  REQUIRE(store->create_endpoint(bare_endpoint(1, "a")).has_value());
  REQUIRE(store->associate(endpoint_id(1), kHash, kKey, full_instance(1)).has_value());
  store.reset();
  store = must_open(folder.path);
  const auto endpoint = find(*store, 1);
  CHECK((endpoint.edge_id_hash == kHash));
  CHECK((endpoint.key == kKey));
  REQUIRE(endpoint.instances.size() == 1);
  CHECK(endpoint.instances[0].id == instance_id(1));
}

TEST_CASE("an edge ID of another endpoint is refused and nothing changes") {
  TempFolder folder;
  auto store = must_open(folder.path);
  REQUIRE(store->create_endpoint(bare_endpoint(1, "a")).has_value());
  REQUIRE(store->create_endpoint(bare_endpoint(2, "b")).has_value());
  REQUIRE(store->associate(endpoint_id(1), kHash, kKey, full_instance(1)).has_value());
  const auto refused = store->associate(endpoint_id(2), kHash, kKey, full_instance(2));
  REQUIRE(refused.has_error());
  CHECK(refused.error().code == Errc::conflict);
  CHECK(refused.error().message == "cannot associate endpoint " + endpoint_id(2).text +
                                       ": the edge ID belongs to another endpoint");
  CHECK_FALSE(find(*store, 2).edge_id_hash.has_value());
  CHECK(find(*store, 2).instances.empty());
}

TEST_CASE("an endpoint that was associated meanwhile keeps its first association") {
  TempFolder folder;
  auto store = must_open(folder.path);
  REQUIRE(store->create_endpoint(bare_endpoint(1, "a")).has_value());
  REQUIRE(store->associate(endpoint_id(1), kHash, kKey, full_instance(1)).has_value());
  const std::string other(32, '\x09');
  for (const auto& hash : {other, kHash}) {
    const auto refused = store->associate(endpoint_id(1), hash, Secret("other"), full_instance(2));
    REQUIRE(refused.has_error());
    CHECK(refused.error().code == Errc::conflict);
  }
  const auto endpoint = find(*store, 1);
  CHECK((endpoint.edge_id_hash == kHash));
  CHECK((endpoint.key == kKey));
  CHECK(endpoint.instances.size() == 1);
  CHECK(store->associate(endpoint_id(9), other, kKey, full_instance(2)).error().code ==
        Errc::not_found);
}

TEST_CASE("a change that fails half-way is undone, and its error tells no secret") {
  TempFolder folder;
  must_open(folder.path).reset();
  raw_sql(
      folder.path / "edged.db",
      "CREATE TRIGGER no_instance BEFORE INSERT ON instance BEGIN SELECT RAISE(ABORT, 'no'); END;"
      "CREATE TRIGGER no_tombstone BEFORE INSERT ON tombstone BEGIN SELECT RAISE(ABORT, 'no'); "
      "END");
  auto store = must_open(folder.path);
  REQUIRE(store->create_endpoint(bare_endpoint(1, "a")).has_value());
  const auto refused = store->associate(endpoint_id(1), kHash, kKey, full_instance(1));
  REQUIRE(refused.has_error());
  CHECK(refused.error().message.find("0202") == std::string::npos);
  CHECK_FALSE(find(*store, 1).edge_id_hash.has_value());
  const auto kept = store->remove_endpoint(endpoint_id(1), {endpoint_id(1), "a", kKey, at(1)});
  REQUIRE(kept.has_error());
  CHECK(kept.error().message.find("0202") == std::string::npos);
  CHECK(find(*store, 1).name == "a");
}

TEST_CASE("of many that associate one endpoint at once exactly one wins") {
  TempFolder folder;
  auto store = must_open(folder.path);
  REQUIRE(store->create_endpoint(bare_endpoint(1, "a")).has_value());
  std::atomic<int> winners{0};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      const std::string hash(32, static_cast<char>('a' + t));
      if (store->associate(endpoint_id(1), hash, kKey, full_instance(t))) ++winners;
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(winners == 1);
  CHECK(find(*store, 1).instances.size() == 1);
}

TEST_CASE("a new token forgets edge ID, key, instances and their snapshots") {
  TempFolder folder;
  auto store = must_open(folder.path);
  REQUIRE(store->create_endpoint(bare_endpoint(1, "a")).has_value());
  REQUIRE(store->associate(endpoint_id(1), kHash, kKey, full_instance(1)).has_value());
  REQUIRE(store->put_snapshot({endpoint_id(1), instance_id(1), at(1), "{}"}).has_value());
  auto renewed = bare_endpoint(1, "a");
  renewed.token_hash = std::string(32, '\x77');
  renewed.token_expires = at(8000);
  renewed.generation = 2;
  REQUIRE(store->replace_token(renewed).has_value());
  const auto endpoint = find(*store, 1);
  CHECK(endpoint.token_hash == renewed.token_hash);
  CHECK((endpoint.token_expires == at(8000)));
  CHECK(endpoint.generation == 2);
  CHECK_FALSE(endpoint.edge_id_hash.has_value());
  CHECK(endpoint.key.empty());
  CHECK(endpoint.instances.empty());
  CHECK(store->snapshots(endpoint_id(1))->empty());
  CHECK(store->replace_token(bare_endpoint(9, "i")).error().code == Errc::not_found);
}

TEST_CASE("a disassociated endpoint keeps its token and its edge ID is free again") {
  TempFolder folder;
  auto store = must_open(folder.path);
  REQUIRE(store->create_endpoint(bare_endpoint(1, "a")).has_value());
  REQUIRE(store->create_endpoint(bare_endpoint(2, "b")).has_value());
  REQUIRE(store->associate(endpoint_id(1), kHash, kKey, full_instance(1)).has_value());
  REQUIRE(store->disassociate(endpoint_id(1)).has_value());
  const auto endpoint = find(*store, 1);
  CHECK(endpoint.token_hash == bare_endpoint(1, "a").token_hash);
  CHECK_FALSE(endpoint.edge_id_hash.has_value());
  CHECK(endpoint.key.empty());
  CHECK(endpoint.instances.empty());
  CHECK(store->associate(endpoint_id(2), kHash, kKey, full_instance(1)).has_value());
  CHECK(store->disassociate(endpoint_id(9)).error().code == Errc::not_found);
}
