#include <doctest/doctest.h>

#include "base/rate.hpp"

using namespace edge;

TEST_CASE("a rate is a number with K, M or G, in bytes or bits a second") {
  const struct {
    const char* text;
    std::uint64_t expected;
  } rows[] = {
      {"10M", 10'000'000},       {"500K", 500'000},        {"500k", 500'000},
      {"2G", 2'000'000'000},     {"1.5M", 1'500'000},      {"0.25G", 250'000'000},
      {"80Mbit", 10'000'000},    {"80Mbit/s", 10'000'000}, {"10MB", 10'000'000},
      {"10MB/s", 10'000'000},    {"1000", 1'000},          {"1000B/s", 1'000},
      {"8Kbit", 1'000},          {"8000bit", 1'000},       {"100G", 100'000'000'000},
      {"1.234K", 1'234},         {"007M", 7'000'000},      {"800Gbit", 100'000'000'000},
      {"12.345Mbit", 1'543'125},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto rate = parse_rate(row.text);
    REQUIRE(rate.has_value());
    CHECK(*rate == row.expected);
  }
}

TEST_CASE("a rate that is none is refused with what is wrong with it") {
  const struct {
    std::string text, why;
  } rows[] = {
      {"", "it is empty"},
      {"M", "does not begin with a number"},
      {".5M", "does not begin with a number"},
      {"1.M", "does not begin with a number"},
      {"-1M", "does not begin with a number"},
      {" 1M", "does not begin with a number"},
      {"1.2345M", "more than three decimals"},
      {"10MiB", "powers of 1,000"},
      {"10Ki", "powers of 1,000"},
      {"10m", "'m' is no unit"},
      {"10T", "'T' is no unit"},
      {"10Mb", "'b' is no unit"},
      {"10M/h", "'/h' is no unit"},
      {"1.2.3M", "'.3M' is no unit"},
      {"10M\x1b[31m", "is no unit"},
      {"999", "less than 1K"},
      {"7Kbit", "less than 1K"},
      {"0", "less than 1K"},
      {"0.0001M", "more than three decimals"},
      {"101G", "more than 100G"},
      {"1000000000000G", "more than 100G"},
      {"99999999999999999999999999", "more than 100G"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto rate = parse_rate(row.text);
    REQUIRE_FALSE(rate.has_value());
    CHECK(rate.error().code == Errc::usage);
    CHECK(rate.error().message.find(row.why) != std::string::npos);
    CHECK(rate.error().message.find('\x1b') == std::string::npos);
    CHECK(rate.error().hint.find("10M") != std::string::npos);
  }
}

TEST_CASE("a rate is written so that it reads as the same one") {
  const struct {
    std::uint64_t rate;
    const char* expected;
  } rows[] = {{1'000, "1K"},          {1'500'000, "1500K"},
              {10'000'000, "10M"},    {100'000'000'000, "100G"},
              {1'234'567, "1234567"}, {2'000'000'000, "2G"}};
  for (const auto& row : rows) {
    CHECK(format_rate(row.rate) == row.expected);
    CHECK(*parse_rate(row.expected) == row.rate);
  }
}
