#include <doctest/doctest.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include "store/schema.hpp"
#include "store/sql.hpp"

using namespace edge;
using namespace edge::store;

namespace {

const Migration kOne{"CREATE TABLE one (x TEXT)"};
const Migration kTwo{"CREATE TABLE two (x TEXT)", "INSERT INTO one (x) VALUES ('moved')"};

}  // namespace

TEST_CASE("a file of an older version gets only the migrations that it lacks") {
  soci::session session(soci::sqlite3, ":memory:");
  const std::vector<Migration> old{kOne};
  REQUIRE(migrate(session, old).has_value());
  CHECK(schema_version(session) == 1);
  const std::vector<Migration> current{kOne, kTwo};
  REQUIRE(migrate(session, current).has_value());
  REQUIRE(migrate(session, current).has_value());
  CHECK(schema_version(session) == 2);
  CHECK(number(session, "SELECT count(*) FROM one") == 1);
}

TEST_CASE("a migration that fails half-way leaves the version before") {
  soci::session session(soci::sqlite3, ":memory:");
  const std::vector<Migration> old{kOne};
  REQUIRE(migrate(session, old).has_value());
  const std::vector<Migration> broken{
      kOne, {"CREATE TABLE two (x TEXT)", "INSERT INTO three VALUES (1)"}};
  CHECK_THROWS(static_cast<void>(migrate(session, broken)));
  CHECK(schema_version(session) == 1);
  CHECK(number(session, "SELECT count(*) FROM sqlite_master WHERE name = 'two'") == 0);
}

TEST_CASE("a version from the future is not migrated") {
  soci::session session(soci::sqlite3, ":memory:");
  const std::vector<Migration> newer{kOne, kTwo};
  REQUIRE(migrate(session, newer).has_value());
  const std::vector<Migration> old{kOne};
  CHECK(migrate(session, old).error().code == Errc::usage);
  CHECK(schema_version(session) == 2);
}
