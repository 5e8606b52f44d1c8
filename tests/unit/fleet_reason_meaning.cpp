#include <doctest/doctest.h>

#include <set>

#include "fleet/reason_meaning.hpp"

using namespace edge;
using fleet::Reason;

TEST_CASE("every reason has a meaning and a next step of its own") {
  std::set<std::string> meanings;
  int seen = 0;
  // The set is closed, and shutdown is its last one: docs/tunnel-protocol.md.
  for (int value = 1; value <= static_cast<int>(Reason::shutdown); ++value) {
    const auto reason = static_cast<Reason>(value);
    CAPTURE(fleet::to_string(reason));
    const auto& row = fleet::meaning_of(reason);
    CHECK(row.reason == reason);
    CHECK_FALSE(std::string(row.meaning).empty());
    CHECK_FALSE(std::string(row.next).empty());
    CHECK(meanings.insert(row.meaning).second);
    ++seen;
  }
  CHECK(seen >= 11);
  // One more would have a name, and no row.
  CHECK(std::string(fleet::to_string(static_cast<Reason>(seen + 1))).empty());
}

TEST_CASE("a next step names the endpoint that it is about") {
  const auto step = fleet::next_step(Reason::host_key_mismatch, "NAME-17");
  CHECK(step.find("edgectl endpoint token NAME-17") != std::string::npos);
  CHECK(fleet::next_step(Reason::replaced, "shop").find("NAME") == std::string::npos);
}
