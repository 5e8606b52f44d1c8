#include <doctest/doctest.h>

#include <set>
#include <string>

#include "base/encoding.hpp"
#include "crypto/random.hpp"
#include "printing.hpp"

using namespace edge;

TEST_CASE("random bytes are as many as wanted and differ") {
  for (const std::size_t count : {0U, 1U, 16U, 32U, 5000U}) {
    CHECK(crypto::random_bytes(count).size() == count);
    CHECK(crypto::random_secret(count).reveal().size() == count);
  }
  CHECK(crypto::random_bytes(16) != crypto::random_bytes(16));
  CHECK_FALSE(crypto::random_secret(16) == crypto::random_secret(16));
}

TEST_CASE("a random edge ID is a UUID of version 4") {
  std::set<std::string> seen, variants;
  for (int i = 0; i < 500; ++i) {
    const auto id = crypto::random_uuid();
    REQUIRE(is_uuid(id));
    seen.insert(id);
    variants.insert(id.substr(19, 1));
  }
  CHECK(seen.size() == 500);
  CHECK(variants == std::set<std::string>{"8", "9", "a", "b"});
}

TEST_CASE("new ids have the form that their parsers expect") {
  CHECK(parse_endpoint_id(crypto::new_endpoint_id().text));
  CHECK(parse_instance_id(crypto::new_instance_id().text));
  CHECK(from_hex(crypto::new_tunnel_id().text)->size() == 16);
  CHECK(from_hex(crypto::new_session_id().text)->size() == 8);
  CHECK(crypto::new_endpoint_id() != crypto::new_endpoint_id());
}

TEST_CASE("random fractions lie in [0, 1) and spread") {
  int low = 0;
  for (int i = 0; i < 4000; ++i) {
    const double fraction = crypto::random_fraction();
    REQUIRE(fraction >= 0.0);
    REQUIRE(fraction < 1.0);
    if (fraction < 0.5) ++low;
  }
  CHECK(low > 1700);  // 2000 expected, 31 is one standard deviation
  CHECK(low < 2300);
}
