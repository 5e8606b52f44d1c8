#include <doctest/doctest.h>

#include "agent/backoff.hpp"

namespace edge::agent {

TEST_CASE("the limit of the back-off doubles up to its most") {
  Backoff backoff(milliseconds{1'000}, milliseconds{6'000});
  for (const int limit : {1'000, 2'000, 4'000, 6'000, 6'000, 6'000}) {
    CHECK(backoff.next(0.5) == milliseconds{limit / 2});
  }
  CHECK(backoff.failures() == 6);
}

TEST_CASE("a draw is anything from zero to just below the limit") {
  Backoff backoff(milliseconds{1'000}, milliseconds{60'000});
  CHECK(backoff.next(0.0) == milliseconds{0});
  CHECK(backoff.next(0.9999) < milliseconds{2'000});
}

TEST_CASE("a success starts the back-off anew") {
  Backoff backoff(milliseconds{1'000}, milliseconds{60'000});
  for (int i = 0; i < 5; ++i) backoff.next(0.5);
  backoff.reset();
  CHECK(backoff.failures() == 0);
  CHECK(backoff.next(0.5) == milliseconds{500});
}

TEST_CASE("a server that is away for months does not overflow the back-off") {
  Backoff backoff(milliseconds{1'000}, milliseconds{60'000});
  for (int i = 0; i < 100'000; ++i) CHECK(backoff.next(0.999) < milliseconds{60'000});
}

TEST_CASE("only a draw that raised the limit is worth a line") {
  Backoff backoff(milliseconds{1'000}, milliseconds{4'000});
  std::string lines;
  for (int i = 0; i < 6; ++i) {
    backoff.next(0.5);
    lines += backoff.at_new_step() ? 'y' : 'n';
  }
  CHECK(lines == "yyynnn");  // 1 s, 2 s, 4 s, and then nothing new
}

}  // namespace edge::agent
