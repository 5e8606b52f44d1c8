// Several writes in one transaction: what fails alone, what fails together, and what is there when.
#include <doctest/doctest.h>

#include "store_folder.hpp"

using namespace edge;
using namespace edge::store;
using namespace edge::store::test;

namespace {

std::size_t count(Store& store) {
  return store.load_endpoints()->size();
}

std::string count_on_disk(const TempFolder& folder) {
  return raw_sql(folder.path / "edged.db", "SELECT count(*) FROM endpoint");
}

// A store whose events fail in the way that the statement says.
std::unique_ptr<Store> with_trigger(const TempFolder& folder, const std::string& sql) {
  must_open(folder.path).reset();
  raw_sql(folder.path / "edged.db", sql);
  return must_open(folder.path);
}

constexpr const char* kFailsAtCommit =
    "CREATE TABLE debt (id TEXT REFERENCES endpoint (id) DEFERRABLE INITIALLY DEFERRED);"
    "CREATE TRIGGER owe AFTER INSERT ON event BEGIN INSERT INTO debt VALUES ('nobody'); END";
constexpr const char* kGivesUp =
    "CREATE TRIGGER stop BEFORE INSERT ON event BEGIN SELECT RAISE(ROLLBACK, 'stop'); END";

}  // namespace

TEST_CASE("of writes that go together one that fails undoes itself alone") {
  TempFolder folder;
  auto store = must_open(folder.path);
  Result<void> first, second, third;
  Result<std::set<std::string>> many = std::set<std::string>();
  const auto committed = store->together([&] {
    first = store->create_endpoint(bare_endpoint(1, "a"));
    second = store->create_endpoint(bare_endpoint(2, "a"));
    many =
        store->create_endpoints({bare_endpoint(3, "c"), bare_endpoint(4, "a")}, IfExists::refuse);
    third = store->create_endpoint(bare_endpoint(5, "b"));
    CHECK(count(*store) == 2);            // they see each other
    CHECK(count_on_disk(folder) == "0");  // and nobody else sees them yet
  });
  REQUIRE(committed.has_value());
  CHECK(first.has_value());
  REQUIRE(second.has_error());
  CHECK(second.error().code == Errc::conflict);
  CHECK(many.has_error());
  CHECK(third.has_value());
  CHECK(count_on_disk(folder) == "2");
}

TEST_CASE("writes whose commit fails leave nothing behind, and the store goes on") {
  TempFolder folder;
  auto store = with_trigger(folder, kFailsAtCommit);
  const auto committed = store->together([&] {
    CHECK(store->create_endpoint(bare_endpoint(1, "a")).has_value());
    CHECK(store->append_event({at(1), "x", {}, {}, "", ""}).has_value());
  });
  REQUIRE(committed.has_error());
  CHECK(count(*store) == 0);
  REQUIRE(store->create_endpoint(bare_endpoint(1, "a")).has_value());
  CHECK(count_on_disk(folder) == "1");
}

TEST_CASE("writes after the database gave up their transaction fail, and so does the whole") {
  TempFolder folder;
  auto store = with_trigger(folder, kGivesUp);
  Result<void> later;
  const auto committed = store->together([&] {
    CHECK(store->create_endpoint(bare_endpoint(1, "a")).has_value());
    CHECK(store->append_event({at(1), "x", {}, {}, "", ""}).has_error());
    later = store->create_endpoint(bare_endpoint(2, "b"));
  });
  CHECK(later.has_error());
  CHECK(committed.has_error());
  CHECK(count_on_disk(folder) == "0");
  REQUIRE(store->create_endpoint(bare_endpoint(2, "b")).has_value());
}
