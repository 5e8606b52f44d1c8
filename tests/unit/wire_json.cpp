#include <doctest/doctest.h>

#include <string>

#include "printing.hpp"
#include "wire/json.hpp"

using namespace edge;
using namespace edge::wire;

namespace {

std::string nested(int depth) {  // an object that is so deep
  std::string text = "{\"a\":";
  for (int i = 1; i < depth; ++i) text += '[';
  text += "1";
  for (int i = 1; i < depth; ++i) text += ']';
  return text + "}";
}

std::string repeated(const char* text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

}  // namespace

TEST_CASE("hostile JSON is refused for what is wrong with it") {
  const struct {
    const char* what;
    std::string text, reason;
  } rows[] = {
      {"nothing", "", "does not parse"},
      {"white space", " \n", "does not parse"},
      {"cut off", "{\"a\":", "does not parse"},
      {"two values", "{}{}", "does not parse"},
      {"trailing comma", "{\"a\":1,}", "does not parse"},
      {"comment", "{/**/}", "does not parse"},
      {"bare NaN", "{\"a\":NaN}", "does not parse"},
      {"invalid UTF-8", "{\"a\":\"\xff\"}", "does not parse"},
      {"control character in text", "{\"a\":\"\n\"}", "does not parse"},
      {"lone surrogate", "{\"a\":\"\\ud800\"}", "does not parse"},
      {"list", "[]", "is not an object"},
      {"text", "\"a\"", "is not an object"},
      {"null", "null", "is not an object"},
      {"NUL, then more", std::string("{}\0{", 4), "has a NUL in it"},
      {"NUL in a text", std::string("{\"a\":\"\0\"}", 9), "has a NUL in it"},
      {"only NUL", std::string(1, '\0'), "has a NUL in it"},
      {"key twice", "{\"a\":1,\"a\":2}", "has a key twice"},
      {"key twice, once escaped", "{\"a\":1,\"\\u0061\":2}", "has a key twice"},
      {"key twice, deeper", "{\"b\":[{\"a\":1,\"a\":1}]}", "has a key twice"},
      {"too deep", nested(9), "is nested too deeply"},
      {"very deep and never closed", "{\"a\":" + repeated("[", 16'000), "is nested too deeply"},
      {"very deep objects", repeated("{\"a\":", 3'000), "is nested too deeply"},
      {"too large", "{\"a\":\"" + std::string(17'000, 'x') + "\"}", "is too large"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.what);
    const auto json = parse_json_object(row.text);
    REQUIRE_FALSE(json);
    CHECK(json.error().code == Errc::usage);
    CHECK(json.error().message == "the JSON " + row.reason);
  }
}

TEST_CASE("JSON within the bounds is taken") {
  CHECK(parse_json_object("{}"));
  CHECK(parse_json_object(" {\"a\": [1, {\"a\": null}], \"b\": {\"a\": 1}} \n"));
  CHECK(parse_json_object(nested(8)));
  CHECK(parse_json_object("{\"a\":\"" + std::string(kMostJsonBytes - 8, 'x') + "\"}"));
  CHECK(parse_json_object("{\"a\":1e999}").has_value() == false);  // out of a double's range
}

TEST_CASE("fields are read with their type and bounds, or refused by name") {
  const auto json = parse_json_object(
      R"({"text": "abc", "empty": "", "nul": "a\u0000b", "null": null, "five": 5, "minus": -5,
          "real": 5.0, "exponent": 1e3, "huge": 18446744073709551615, "huger": 1844674407370955161600,
          "yes": true, "list": ["a", "b"], "mixed": ["a", 1], "nested": [["a"]], "object": {}})");
  REQUIRE(json);
  CHECK(*text_field(*json, "text", {3, 3}) == "abc");
  CHECK(*text_field(*json, "empty", {0, 9}) == "");
  CHECK(text_field(*json, "text", {0, 2}).error().message == "'text' does not have 0 to 2 bytes");
  CHECK_FALSE(text_field(*json, "text", {4, 9}));
  CHECK(text_field(*json, "absent", {0, 9}).error().message == "'absent' is missing");
  CHECK(text_field(*json, "nul", {0, 9}).error().message == "'nul' has a NUL in it");
  for (const char* key : {"null", "five", "yes", "list", "object"}) {
    CHECK(text_field(*json, key, {0, 9}).error().message ==
          "'" + std::string(key) + "' is not text");
    CHECK_FALSE(optional_text_field(*json, key, {0, 9}));
  }
  CHECK(*optional_text_field(*json, "text", {0, 9}) == "abc");
  CHECK(*optional_text_field(*json, "absent", {0, 9}) == std::nullopt);

  CHECK(*number_field(*json, "five", 0, 5) == 5);
  CHECK(*number_field(*json, "minus", -5, 5) == -5);
  CHECK(number_field(*json, "five", 6, 9).error().message == "'five' is not from 6 to 9");
  for (const char* key : {"absent", "text", "real", "exponent", "huge", "huger", "yes", "null"}) {
    CAPTURE(key);
    CHECK_FALSE(number_field(*json, key, INT64_MIN, INT64_MAX));
  }

  CHECK(*text_list_field(*json, "list", {1, 2}, {1, 1}) == std::vector<std::string>{"a", "b"});
  CHECK_FALSE(text_list_field(*json, "list", {1, 1}, {1, 1}));
  CHECK_FALSE(text_list_field(*json, "list", {3, 9}, {1, 1}));
  for (const char* key : {"absent", "text", "mixed", "nested", "object"}) {
    CHECK_FALSE(text_list_field(*json, key, {0, 9}, {0, 9}));
  }
}

TEST_CASE("secrets have exactly their size") {
  const auto json =
      parse_json_object(R"({"good": "AAECAw", "padded": "AAECAw==", "loose": "AAECAx"})");
  REQUIRE(json);
  CHECK(secret_field(*json, "good", 4)->reveal() == std::string_view("\0\1\2\3", 4));
  CHECK_FALSE(secret_field(*json, "good", 3));
  CHECK_FALSE(secret_field(*json, "good", 5));
  CHECK_FALSE(secret_field(*json, "padded", 4));
  CHECK_FALSE(secret_field(*json, "loose", 4));
  CHECK_FALSE(secret_field(*json, "absent", 4));
}

TEST_CASE("printing does not fail over invalid UTF-8") {
  CHECK(print_json(Json{{"a", "x\xff"}}) == "{\"a\":\"x\xEF\xBF\xBD\"}");
}
