// -o yaml|jsonpath|..., and the order of people.
#include <doctest/doctest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "control/natural_order.hpp"
#include "control/output_format.hpp"
#include "control/yaml.hpp"

using namespace edge::control;
using nlohmann::json;

TEST_CASE("an answer as YAML is what it was when a reader of YAML reads it") {
  const json answer{{"apiVersion", "edge/v1"},
                    {"items",
                     {{{"name", "shop-17"}, {"labels", json::object()}, {"n", 3}},
                      {{"name", "b"}, {"list", {1, "x", json::array()}}}}},
                    {"nothing", nullptr},
                    {"yes", true}};
  CHECK(print_yaml(answer) ==
        "apiVersion: edge/v1\n"
        "items:\n"
        "  - labels: {}\n"
        "    \"n\": 3\n"
        "    name: shop-17\n"
        "  - list:\n"
        "      - 1\n"
        "      - x\n"
        "      - []\n"
        "    name: b\n"
        "nothing: null\n"
        "\"yes\": true\n");
  const auto read = YAML::Load(print_yaml(answer));
  CHECK(read["items"][0]["name"].as<std::string>() == "shop-17");
  CHECK(read["items"][1]["list"][1].as<std::string>() == "x");
  CHECK(read["nothing"].IsNull());
}

TEST_CASE("text stays text in YAML, whatever it looks like") {
  for (const char* text :
       {"",         " ",      "a b",        "true",  "No",   "on",  "null", "~",    "12",    "1.5",
        "0x1F",     "1e3",    "2026-11-22", "12:30", "a: b", "- x", "# x",  "a #b", "[x]",   "{x}",
        "*x",       "&x",     "!x",         "%x",    "@x",   "|",   ">",    "'x'",  "\"x\"", "a\nb",
        "\033[31m", "\u202e", "b\u00fcro",  "=",     "?",    "-",   "---",  "..."}) {
    CAPTURE(text);
    const auto yaml = print_yaml({{"key", text}, {text, 1}});
    CHECK(std::all_of(yaml.begin(), yaml.end(),
                      [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
    const auto read = YAML::Load(yaml);
    CHECK(read["key"].as<std::string>() == text);
    CHECK(read["key"].Tag() == (yaml.find("key: \"") == std::string::npos ? "?" : "!"));
  }
}

TEST_CASE("a list in a list and an empty answer are YAML, too") {
  CHECK(print_yaml({{1, 2}, {3}}) == "- - 1\n  - 2\n- - 3\n");
  CHECK(print_yaml(json::array()) == "[]\n");
  CHECK(print_yaml(nullptr) == "null\n");
}

TEST_CASE("each form of output is known, and no other") {
  for (const char* form :
       {"table", "wide", "json", "yaml", "name", "jsonpath={.x}", "jsonpath=.x"}) {
    CHECK_MESSAGE(OutputFormat::parse(form).has_value(), form);
  }
  for (const char* form : {"", "xml", "jsonpath", "jsonpath=", "jsonpath={", "JSON"}) {
    CHECK_MESSAGE(OutputFormat::parse(form).has_error(), form);
  }
}

TEST_CASE("what a JSONPath gives ends with a newline, and nothing stays nothing") {
  const auto print = [](const char* form) {
    std::ostringstream out;
    REQUIRE(OutputFormat::parse(form)->print(out, {{"x", "y"}}).has_value());
    return out.str();
  };
  CHECK(print("jsonpath={.x}") == "y\n");
  CHECK(print("jsonpath={.x}{\"\\n\"}") == "y\n");
  CHECK(print("jsonpath={.z}") == "");
}

TEST_CASE("digits in a text count as numbers when it is ordered") {
  const std::vector<std::string> sorted{"",  "0",  "00",  "1",  "0.9.1", "0.10.0", "2", "10",
                                        "a", "a1", "a01", "a2", "a10",   "a10b",   "b", "\xC3\xA9"};
  auto shuffled = sorted;
  std::reverse(shuffled.begin(), shuffled.end());
  std::sort(shuffled.begin(), shuffled.end(),
            [](const auto& left, const auto& right) { return natural_order(left, right) < 0; });
  for (const auto& text : sorted) CHECK(natural_order(text, text) == 0);
  for (std::size_t i = 0; i + 1 < shuffled.size(); ++i) {
    CHECK(natural_order(shuffled[i], shuffled[i + 1]) < 0);
    CHECK(natural_order(shuffled[i + 1], shuffled[i]) > 0);
  }
  CHECK(natural_order("0.9.1", "0.10.0") < 0);
  CHECK(natural_order("till-9", "till-10") < 0);
  CHECK(natural_order("99999999999999999999998", "99999999999999999999999") < 0);
}
