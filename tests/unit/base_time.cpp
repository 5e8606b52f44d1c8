#include <doctest/doctest.h>

#include <string>

#include "base/time.hpp"

using namespace edge;
using namespace std::chrono_literals;

TEST_CASE("durations are a whole number and a unit") {
  const struct {
    std::string text;
    std::optional<milliseconds> expected;
  } rows[] = {
      {"250ms", 250ms},
      {"5s", 5s},
      {"2m", 2min},
      {"24h", 24h},
      {"90d", 24h * 90},
      {"0s", 0ms},
      {"007s", 7s},
      {"3650d", 24h * 3650},
      {"3651d", std::nullopt},  // over 10 years
      {"315360000001ms", std::nullopt},
      {"9223372036854775807d", std::nullopt},
      {"99999999999999999999s", std::nullopt},
      {"", std::nullopt},
      {"5", std::nullopt},
      {"s", std::nullopt},
      {"-5s", std::nullopt},
      {"-0s", std::nullopt},
      {"+5s", std::nullopt},
      {" 5s", std::nullopt},
      {"5 s", std::nullopt},
      {"5s ", std::nullopt},
      {"1.5s", std::nullopt},
      {"5S", std::nullopt},
      {"5w", std::nullopt},
      {"1h30m", std::nullopt},
      {std::string("5s\0", 3), std::nullopt},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    CHECK(parse_duration(row.text) == row.expected);
  }
}

TEST_CASE("a duration is printed in the largest unit that leaves no rest, and read back") {
  const struct {
    milliseconds duration;
    std::string expected;
  } rows[] = {
      {0ms, "0s"},  {1ms, "1ms"}, {999ms, "999ms"},  {1500ms, "1500ms"},    {5s, "5s"},
      {90s, "90s"}, {60s, "1m"},  {300s, "5m"},      {3600s, "1h"},         {90min, "90m"},
      {24h, "1d"},  {36h, "36h"}, {24h * 90, "90d"}, {24h * 3650, "3650d"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.expected);
    CHECK(format_duration(row.duration) == row.expected);
    CHECK(parse_duration(row.expected) == row.duration);
  }
  CHECK(format_duration(-5s) == "0s");
}

TEST_CASE("ages are short enough for people") {
  const struct {
    milliseconds age;
    std::string expected;
  } rows[] = {
      {0ms, "0s"},
      {999ms, "0s"},
      {2s, "2s"},
      {59'999ms, "59s"},
      {60s, "1m"},
      {3min + 59s, "3m"},
      {1h, "1h"},
      {3h + 12min, "3h12m"},
      {23h + 59min, "23h59m"},
      {24h, "1d"},
      {5 * 24h + 4h, "5d4h"},
      {-1h, "0s"},
  };
  for (const auto& row : rows) CHECK(format_age(row.age) == row.expected);
}

TEST_CASE("dates are RFC 3339 in UTC with milliseconds") {
  const struct {
    std::int64_t unix_ms;
    std::string text;
  } rows[] = {
      {0, "1970-01-01T00:00:00.000Z"},
      {1'795'384'323'120, "2026-11-22T21:52:03.120Z"},
      {951'782'400'000, "2000-02-29T00:00:00.000Z"},
      {-1, "1969-12-31T23:59:59.999Z"},
      {253'402'300'799'999, "9999-12-31T23:59:59.999Z"},
  };
  for (const auto& row : rows) {
    const WallTime time{milliseconds{row.unix_ms}};
    CHECK(format_rfc3339(time) == row.text);
    CHECK(parse_rfc3339(row.text) == time);
  }
  CHECK(parse_rfc3339("2026-11-22T21:52:03Z") == WallTime{1'795'384'323s});
}

TEST_CASE("dates that are not of that form, or do not exist, are refused") {
  for (const std::string text : {"",
                                 "2026-11-22",
                                 "2026-11-22T21:52Z",
                                 "2026-11-22T21:52:03",
                                 "2026-11-22T21:52:03+00:00",
                                 "2026-11-22T21:52:03.1Z",
                                 "2026-11-22T21:52:03.1234Z",
                                 "2026-11-22 21:52:03Z",
                                 "2026-11-22t21:52:03z",
                                 "2026-02-29T00:00:00Z",
                                 "2026-13-01T00:00:00Z",
                                 "2026-00-01T00:00:00Z",
                                 "2026-01-00T00:00:00Z",
                                 "2026-01-32T00:00:00Z",
                                 "2026-01-01T24:00:00Z",
                                 "2026-01-01T00:60:00Z",
                                 "2026-01-01T00:00:60Z",
                                 "-026-01-01T00:00:00Z",
                                 "2026-+1-01T00:00:00Z",
                                 "2026-11-22T21:52:03Z "}) {
    CAPTURE(text);
    CHECK_FALSE(parse_rfc3339(text));
  }
}

TEST_CASE("a fake clock moves both of its times, and only when told") {
  FakeClock clock;
  const auto steady = clock.steady();
  const auto wall = clock.wall();
  CHECK(clock.steady() == steady);
  clock.advance(90s);
  CHECK(clock.steady() - steady == 90s);
  CHECK(clock.wall() - wall == 90s);
}
