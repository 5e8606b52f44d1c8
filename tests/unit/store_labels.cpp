// Labels of many endpoints, in one transaction.
#include <doctest/doctest.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <span>

#include "store/schema.hpp"
#include "store_folder.hpp"

using namespace edge;
using namespace edge::store;
using namespace edge::store::test;

namespace {

Labels labels_of(Store& store, unsigned number) {
  const auto all = store.load_endpoints();
  REQUIRE(all.has_value());
  for (const auto& endpoint : *all) {
    if (endpoint.id == endpoint_id(number)) return endpoint.labels;
  }
  FAIL("no such endpoint");
  return {};
}

LabelRule adding(const char* key, const char* value) {
  return [=](const Labels& before, const std::string&) -> Result<Labels> {
    Labels after = before;
    after[key] = value;
    return after;
  };
}

}  // namespace

TEST_CASE("labels come with an endpoint's creation, change for many, and are there afterwards") {
  TempFolder folder;
  auto store = must_open(folder.path);
  auto first = bare_endpoint(1, "a");
  first.labels = {{"site", "berlin"}};
  REQUIRE(store->create_endpoints({first, bare_endpoint(2, "b")}, IfExists::refuse).has_value());
  const auto changed =
      store->change_labels({endpoint_id(1), endpoint_id(2)}, adding("tier", "prod"));
  REQUIRE(changed.has_value());
  CHECK(changed->at(endpoint_id(1)) == Labels{{"site", "berlin"}, {"tier", "prod"}});
  const LabelRule moving = [](const Labels&, const std::string&) -> Result<Labels> {
    return Labels{{"tier", "dev"}};
  };
  REQUIRE(store->change_labels({endpoint_id(1)}, moving).has_value());
  store.reset();
  store = must_open(folder.path);
  CHECK(labels_of(*store, 1) == Labels{{"tier", "dev"}});
  CHECK(labels_of(*store, 2) == Labels{{"tier", "prod"}});
}

TEST_CASE("a label that is refused for one of many changes none of them, and names whose it is") {
  TempFolder folder;
  auto store = must_open(folder.path);
  REQUIRE(store->create_endpoints({bare_endpoint(1, "a"), bare_endpoint(2, "b")}, IfExists::refuse)
              .has_value());
  const LabelRule picky = [](const Labels&, const std::string& name) -> Result<Labels> {
    if (name == "b") return fail(Errc::conflict, name + " says no");
    return Labels{{"x", "y"}};
  };
  const auto refused = store->change_labels({endpoint_id(1), endpoint_id(2)}, picky);
  REQUIRE(refused.has_error());
  CHECK(refused.error().code == Errc::conflict);
  CHECK(refused.error().message.find("b says no") != std::string::npos);
  CHECK(labels_of(*store, 1).empty());
}

TEST_CASE("an endpoint that was removed meanwhile is passed over, and its labels went with it") {
  TempFolder folder;
  auto store = must_open(folder.path);
  auto first = bare_endpoint(1, "a");
  first.labels = {{"site", "berlin"}};
  REQUIRE(store->create_endpoint(first).has_value());
  REQUIRE(store->create_endpoint(bare_endpoint(2, "b")).has_value());
  const Tombstone tombstone{endpoint_id(1), "a", Secret(), at(1)};
  REQUIRE(store->remove_endpoint(endpoint_id(1), tombstone).has_value());
  const auto changed =
      store->change_labels({endpoint_id(1), endpoint_id(2)}, adding("tier", "prod"));
  REQUIRE(changed.has_value());
  CHECK(changed->size() == 1);
  store.reset();
  CHECK(raw_sql(folder.path / "edged.db", "SELECT count(*) FROM endpoint_label") == "1");
}

TEST_CASE("a database of schema 1 gets the table of labels and keeps its endpoints") {
  TempFolder folder;
  const auto file = folder.path / "edged.db";
  {
    soci::session old(soci::sqlite3, "dbname=" + file.string());
    REQUIRE(migrate(old, std::span(migrations()).first(1)).has_value());
    old << "INSERT INTO endpoint (id, name, created_ms, url, token_hash, generation, agent_key) "
           "VALUES ('" +
               endpoint_id(1).text + "', 'a', 1, '', '00', 1, '')";
  }
  auto store = must_open(folder.path);
  CHECK(labels_of(*store, 1).empty());
  REQUIRE(store->change_labels({endpoint_id(1)}, adding("tier", "prod")).has_value());
  CHECK(labels_of(*store, 1) == Labels{{"tier", "prod"}});
  store.reset();
  CHECK(raw_sql(file, "SELECT value FROM meta WHERE name = 'schema'") ==
        std::to_string(migrations().size()));
}

TEST_CASE("a setting of many is kept for each, and those that are gone are passed over") {
  TempFolder folder;
  auto store = must_open(folder.path);
  REQUIRE(store->create_endpoints({bare_endpoint(1, "a"), bare_endpoint(2, "b")}, IfExists::refuse)
              .has_value());
  const std::vector<EndpointId> ids{endpoint_id(1), endpoint_id(2), endpoint_id(3)};
  REQUIRE(store->put_endpoint_settings(ids, {{"x", "1"}, {"y", "2"}}).has_value());
  REQUIRE(store->put_endpoint_settings({endpoint_id(2)}, {{"x", ""}}).has_value());
  store.reset();
  store = must_open(folder.path);
  const auto all = store->load_endpoints();
  REQUIRE(all->size() == 2);
  CHECK((*all)[0].settings == std::map<std::string, std::string>{{"x", "1"}, {"y", "2"}});
  CHECK((*all)[1].settings == std::map<std::string, std::string>{{"y", "2"}});
}
