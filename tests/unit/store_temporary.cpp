#include <doctest/doctest.h>

#include "store_folder.hpp"

using namespace edge;
using namespace edge::store;
using namespace edge::store::test;

TEST_CASE("temporary settings are kept with their time, one for each key, and go by name") {
  TempFolder folder;
  auto store = must_open(folder.path);
  REQUIRE(store->create_endpoint(bare_endpoint(1, "a")).has_value());
  REQUIRE(store->put_endpoint_setting(endpoint_id(1), "check-in.interval", "30s").has_value());
  const TemporarySetting first{endpoint_id(1), "check-in.interval", "5s", at(100)};
  TemporarySetting second = first;
  second.value = "7s";
  second.until = at(200);
  const TemporarySetting of_all{{}, "check-in.interval", "9s", at(300)};
  for (const auto& setting : {first, second, of_all})
    REQUIRE(store->put_temporary_setting(setting).has_value());
  store.reset();
  store = must_open(folder.path);
  const auto loaded = store->load_temporary_settings();
  REQUIRE(loaded.has_value());
  REQUIRE(loaded->size() == 2);
  for (const auto& setting : *loaded) {
    CHECK(setting.value == (setting.scope.empty() ? "9s" : "7s"));
    CHECK((setting.until == (setting.scope.empty() ? at(300) : at(200))));
  }
  CHECK(store->load_endpoints()->at(0).settings.at("check-in.interval") == "30s");
  REQUIRE(store->remove_temporary_setting({}, "check-in.interval").has_value());
  CHECK(store->load_temporary_settings()->size() == 1);
}

TEST_CASE("temporary settings go with their endpoint") {
  TempFolder folder;
  auto store = must_open(folder.path);
  REQUIRE(store->create_endpoint(bare_endpoint(1, "a")).has_value());
  REQUIRE(store->put_temporary_setting({endpoint_id(1), "tunnel.idle", "5s", at(100)}).has_value());
  const Tombstone tombstone{endpoint_id(1), "a", {}, at(50)};
  REQUIRE(store->remove_endpoint(endpoint_id(1), tombstone).has_value());
  CHECK(store->load_temporary_settings()->empty());
}
