#include <doctest/doctest.h>

#include "agent/shell_service.hpp"

namespace edge::agent {

TEST_CASE("a name matches one of the shell patterns as a whole") {
  const std::vector<std::string> patterns{"LANG", "LC_*", "edge-?"};
  for (const std::string name : {"LANG", "LC_", "LC_ALL", "edge-1"}) {
    CAPTURE(name);
    CHECK(matches_any(patterns, name));
  }
  for (const std::string name : {"", "LANGUAGE", "XLANG", "lang", "LC", "edge-12", "LD_PRELOAD"}) {
    CAPTURE(name);
    CHECK_FALSE(matches_any(patterns, name));
  }
}

TEST_CASE("a star matches everybody and no pattern matches nobody") {
  CHECK(matches_any({"*"}, "root"));
  CHECK(matches_any({"*"}, ""));
  CHECK_FALSE(matches_any({}, "root"));
  CHECK_FALSE(matches_any({""}, "root"));
}

}  // namespace edge::agent
