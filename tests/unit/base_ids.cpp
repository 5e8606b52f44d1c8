#include <doctest/doctest.h>

#include <string>
#include <unordered_set>

#include "base/ids.hpp"
#include "printing.hpp"

using namespace edge;

TEST_CASE("an id is lower-case hex of its exact length") {
  const std::string endpoint = "00112233445566778899aabbccddeeff";
  REQUIRE(parse_endpoint_id(endpoint));
  CHECK(parse_endpoint_id(endpoint)->text == endpoint);
  CHECK(parse_instance_id("0123456789abcdef")->text == "0123456789abcdef");

  const std::string refused[] = {
      "",
      "0123456789abcde",
      "0123456789abcdef0",
      "0123456789ABCDEF",
      "0123456789abcdeg",
      " 123456789abcdef",
      std::string("0123456789abcde\0", 16),
  };
  for (const auto& text : refused) {
    CAPTURE(text);
    CHECK_FALSE(parse_endpoint_id(text));
    CHECK_FALSE(parse_instance_id(text));
    CHECK(parse_instance_id(text).error().code == Errc::usage);
  }
  CHECK_FALSE(parse_instance_id(endpoint));
  CHECK_FALSE(parse_endpoint_id("0123456789abcdef"));
}

TEST_CASE("the error about a bad id is safe to print and says what is expected") {
  const auto error = parse_endpoint_id("\x1b[2J").error();
  CHECK(error.message.find('\x1b') == std::string::npos);
  CHECK(error.message.find("endpoint") != std::string::npos);
  CHECK(error.message.find("32 digits") != std::string::npos);
}

TEST_CASE("ids of different kinds are different types, and ids can be keys") {
  static_assert(!std::is_convertible_v<EndpointId, InstanceId>);
  std::unordered_set<InstanceId> seen{InstanceId{"a"}, InstanceId{"b"}, InstanceId{"a"}};
  CHECK(seen.size() == 2);
  CHECK(InstanceId{"a"} < InstanceId{"b"});
}

TEST_CASE("an edge ID is a lower-case UUID of version 4") {
  const struct {
    std::string text;
    bool expected;
  } rows[] = {
      {"6fa459ea-ee8a-4ca4-894e-db77e160355e", true},
      {"6fa459ea-ee8a-4ca4-b94e-db77e160355e", true},
      {"6FA459EA-EE8A-4CA4-894E-DB77E160355E", false},
      {"6fa459ea-ee8a-1ca4-894e-db77e160355e", false},  // version 1
      {"6fa459ea-ee8a-4ca4-c94e-db77e160355e", false},  // another variant
      {"6fa459ea-ee8a-4ca4-v94e-db77e160355e", false},
      {"6fa459ea-ee8a-4ca4-894e-db77e160355x", false},
      {"6fa459eaee8a4ca4894edb77e160355e", false},
      {"6fa459ea-ee8a-4ca4-894e-db77e160355", false},
      {"6fa459ea-ee8a-4ca4-894e-db77e160355ee", false},
      {"{6fa459ea-ee8a-4ca4-894e-db77e160355e}", false},
      {"", false},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    CHECK(is_uuid(row.text) == row.expected);
  }
}

TEST_CASE("endpoint names follow the rule") {
  const struct {
    std::string name;
    bool expected;
  } rows[] = {
      {"shop-17", true},
      {"a", true},
      {"0", true},
      {"a.b_c-d", true},
      {std::string(63, 'a'), true},
      {std::string(64, 'a'), false},
      {"", false},
      {"-a", false},
      {"a-", false},
      {".a", false},
      {"a.", false},
      {"_", false},
      {"Shop", false},
      {"a b", false},
      {"a/b", false},
      {"a\n", false},
      {std::string("a\0b", 3), false},
      {"caf\xC3\xA9", false},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CHECK(is_endpoint_name(row.name) == row.expected);
  }
}
