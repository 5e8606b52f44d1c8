// Many endpoints in one transaction.
#include <doctest/doctest.h>

#include "store_folder.hpp"

using namespace edge;
using namespace edge::store;
using namespace edge::store::test;

namespace {

std::vector<EndpointRecord> three() {
  return {bare_endpoint(1, "x-1"), bare_endpoint(2, "x-2"), bare_endpoint(3, "x-3")};
}

std::size_t count(Store& store) {
  return store.load_endpoints()->size();
}

}  // namespace

TEST_CASE("many endpoints are created together and are there after a restart") {
  TempFolder folder;
  auto store = must_open(folder.path);
  const auto skipped = store->create_endpoints(three(), IfExists::refuse);
  REQUIRE(skipped.has_value());
  CHECK(skipped->empty());
  store.reset();
  store = must_open(folder.path);
  CHECK(count(*store) == 3);
}

TEST_CASE("of many endpoints none is created when one name is taken, and it is named") {
  TempFolder folder;
  auto store = must_open(folder.path);
  REQUIRE(store->create_endpoint(bare_endpoint(9, "x-3")).has_value());
  const auto refused = store->create_endpoints(three(), IfExists::refuse);
  REQUIRE(refused.has_error());
  CHECK(refused.error().code == Errc::conflict);
  CHECK(refused.error().message.find("an endpoint named x-3 exists already") != std::string::npos);
  CHECK(count(*store) == 1);
}

TEST_CASE("of many endpoints those that exist are skipped where that was asked for") {
  TempFolder folder;
  auto store = must_open(folder.path);
  REQUIRE(store->create_endpoint(bare_endpoint(9, "x-2")).has_value());
  const auto skipped = store->create_endpoints(three(), IfExists::skip);
  REQUIRE(skipped.has_value());
  CHECK(*skipped == std::set<std::string>{"x-2"});
  CHECK(count(*store) == 3);
  // Another's id is no name that exists: that stays an error, and nothing of it remains.
  const auto clash =
      store->create_endpoints({bare_endpoint(4, "y-1"), bare_endpoint(1, "y-2")}, IfExists::skip);
  REQUIRE(clash.has_error());
  CHECK(clash.error().code == Errc::conflict);
  CHECK(count(*store) == 3);
}
