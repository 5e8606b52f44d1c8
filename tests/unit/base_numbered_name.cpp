#include <doctest/doctest.h>

#include "base/numbered_name.hpp"

TEST_CASE("a numbered name has five digits, or more where the number has more") {
  CHECK(edge::numbered_name("till", 1) == "till-00001");
  CHECK(edge::numbered_name("till", 0) == "till-00000");
  CHECK(edge::numbered_name("a.b", 15'000) == "a.b-15000");
  CHECK(edge::numbered_name("till", 9'999'999) == "till-9999999");
}
