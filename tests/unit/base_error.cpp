#include <doctest/doctest.h>

#include "base/error.hpp"

using namespace edge;

TEST_CASE("every error code has a name of its own that leads back to it") {
  for (int i = 0; i <= static_cast<int>(Errc::unavailable); ++i) {
    const auto code = static_cast<Errc>(i);
    CAPTURE(to_string(code));
    CHECK(errc_from_string(to_string(code)) == code);
  }
  CHECK(errc_from_string("no such name") == Errc::failure);
  CHECK(errc_from_string("") == Errc::failure);
}
