#include <doctest/doctest.h>

#include "control/jsonpath.hpp"

using namespace edge;
using namespace edge::control;
using nlohmann::json;

namespace {

json fleet() {
  return json::parse(R"({"apiVersion": "edge/v1", "items": [
    {"name": "a", "state": "online", "labels": {"site": "berlin", "example.com/role": "till"},
     "instances": [{"id": "i1", "held": true}], "last-seen": "2026-11-22T21:52:03Z", "n": 3},
    {"name": "b", "state": "offline", "labels": {}, "instances": [], "last-seen": null, "n": 10},
    {"name": "c", "state": "online", "labels": {"site": "munich"}, "n": 3.5,
     "instances": [{"id": "i2", "held": false}, {"id": "i3", "held": false}]}]})");
}

std::string printed(const std::string& text) {
  const auto path = JsonPath::parse(text);
  REQUIRE_MESSAGE(path.has_value(), text);
  const auto out = path->print(fleet());
  REQUIRE(out.has_value());
  return *out;
}

}  // namespace

TEST_CASE("a JSONPath gives what kubectl's gives") {
  struct Row {
    const char* expression;
    const char* expected;
  };
  for (const auto& row : {
           Row{"{.items[*].name}", "a b c"},
           Row{".items[*].name", "a b c"},
           Row{"items[*].name", "a b c"},
           Row{"{$.items[*].name}", "a b c"},
           Row{"{@.items[*].name}", "a b c"},
           Row{"{.items[0].name}", "a"},
           Row{"{.items[-1].name}", "c"},
           Row{"{.items[9].name}", ""},
           Row{"{.items[0:2].name}", "a b"},
           Row{"{.items[1:].name}", "b c"},
           Row{"{.items[:-1].name}", "a b"},
           Row{"{.items[0:3:2].name}", "a c"},
           Row{"{.items[0,2].name}", "a c"},
           Row{"{.items[*]['name','state']}", "a online b offline c online"},
           Row{"{.items[0].labels['example.com/role']}", "till"},
           Row{"{.items[0].labels.example\\.com/role}", "till"},
           Row{"{.items[0].labels.*}", "till berlin"},
           Row{"{..id}", "i1 i2 i3"},
           Row{"{.items[*].instances[*].id}", "i1 i2 i3"},
           Row{"{.items[?(@.state==\"online\")].name}", "a c"},
           Row{"{.items[?(@.state=='offline')].name}", "b"},
           Row{"{.items[?(@.state != 'online')].name}", "b"},
           Row{"{.items[?(@.n>3)].name}", "b c"},
           Row{"{.items[?(@.n<=3)].name}", "a"},
           Row{"{.items[?(@.labels.site)].name}", "a c"},
           Row{"{.items[?(@.labels.site==\"berlin\")].name}", "a"},
           Row{"{.items[?(@.instances[0].held==true)].name}", "a"},
           Row{"{.items[?(@.nothing>1)].name}", ""},
           Row{"{.items[?(@.last-seen>1)].name}", ""},  // a text is neither more nor less than one
           Row{"{.items[?(@.last-seen==null)].name}", "b"},
           Row{"{range .items[*]}{.name}{\"\\t\"}{.state}{\"\\n\"}{end}",
               "a\tonline\nb\toffline\nc\tonline\n"},
           Row{"{range .items[*]}{.name}:{range .instances[*]} {.id}{end};{end}",
               "a: i1;b:;c: i2 i3;"},
           Row{"{range .items[*]}{$.apiVersion} {end}", "edge/v1 edge/v1 edge/v1 "},
           Row{"names: {.items[*].name}.", "names: a b c."},
           Row{"{\"{\"}{'x\\'y'}{\"}\"}", "{x'y}"},
           Row{"{.items[0].labels}", R"({"example.com/role":"till","site":"berlin"})"},
           Row{"{.items[1].instances}", "[]"},
           Row{"{.items[0].instances[0].held}", "true"},
           Row{"{.items[1].last-seen}", ""},
           Row{"{.items[0].n} {.items[2].n}", "3 3.5"},
           Row{"{.nothing.at.all}", ""},
           Row{"{.apiVersion.x[0]}", ""},
           Row{"{.items[0:9223372036854775807:9223372036854775807].name}", "a"},
       }) {
    CAPTURE(row.expression);
    CHECK(printed(row.expression) == row.expected);
  }
  CHECK(json::parse(printed("{.}")) == fleet());
}

TEST_CASE("a JSONPath that does not parse says where") {
  struct Row {
    const char* expression;
    std::size_t character;  // the first is 1
    const char* reason;
  };
  for (const auto& row : {
           Row{"{", 2, "a path such as"},
           Row{"{}", 2, "a path such as"},
           Row{"{.items", 8, "a closing brace"},
           Row{"{.items[}", 9, "an index"},
           Row{"{.items[]}", 9, "an index"},
           Row{"{.items[0}", 10, "a closing bracket"},
           Row{"{.items['a}", 9, "this quote is not closed"},
           Row{"{.items[0:3:0]}", 13, "at least 1"},
           Row{"{.items[99999999999999999999]}", 9, "too large"},
           Row{"{.items[?(@.a==)]}", 16, "a path, a number"},
           Row{"{.items[?(@.a=1)]}", 14, "=="},
           Row{"{.items[?(@.a==1]}", 17, "a closing bracket"},
           Row{"{range .items[*]}{.name}", 25, "no {end}"},
           Row{"{.name}{end}", 8, "{end} without"},
           Row{"{range}{end}", 7, "a path such as"},
           Row{".items[0] x", 10, "should end here"},
           Row{"{\"x}", 2, "this quote is not closed"},
           Row{"{.a b}", 5, "a closing brace"},
       }) {
    CAPTURE(row.expression);
    const auto path = JsonPath::parse(row.expression);
    REQUIRE(path.has_error());
    CAPTURE(path.error().message);
    CHECK(path.error().code == Errc::usage);
    const auto where = "at character " + std::to_string(row.character) + ": ";
    CHECK(path.error().message.find(where) != std::string::npos);
    CHECK(path.error().message.find(row.reason) != std::string::npos);
    CHECK(path.error().message.ends_with("^"));
  }
  CHECK(JsonPath::parse("").has_error());
}

TEST_CASE("a JSONPath of any depth, length or bytes ends, and neither crashes nor runs away") {
  for (const char* piece : {"{range .a}", "[?(@.a==", "{", "..", "[", "*", "\\", "'", "{.a}"}) {
    CAPTURE(piece);
    std::string text;
    while (text.size() < 64 * 1024) text += piece;
    CHECK(JsonPath::parse(text).has_error());
    const auto shorter = JsonPath::parse(text.substr(0, 16'000));
    if (shorter) static_cast<void>(shorter->print(fleet()));
  }
  const std::string letters = "{}.[]()?@$*:,'\"\\=!<>0-9a ..range end\n\xC3";
  std::uint32_t state = 7;
  const auto next = [&state] { return (state = state * 1664525U + 1013904223U) >> 16U; };
  std::size_t parsed = 0;
  for (int round = 0; round < 50'000; ++round) {
    std::string text = "{.items[";
    for (std::uint32_t length = next() % 16; length > 0; --length) {
      text += letters[next() % letters.size()];
    }
    text += round % 2 == 0 ? "]}" : "";
    const auto path = JsonPath::parse(text);
    if (!path) {
      CHECK(path.error().code == Errc::usage);
      continue;
    }
    ++parsed;
    CHECK(path->print(fleet()).has_value());
  }
  CHECK(parsed > 20);
}

TEST_CASE("values that explode are refused instead of filling the memory") {
  json deep = 1;
  for (int level = 0; level < 6; ++level) {
    json list = json::array();
    for (int i = 0; i < 8; ++i) list.push_back(deep);
    deep = std::move(list);
  }
  const auto out = JsonPath::parse("{..*..*..*..*}")->print(deep);
  REQUIRE(out.has_error());
  CHECK(out.error().message.find("ten million") != std::string::npos);
}

TEST_CASE("what a node says brings no escape to a terminal, and the template's own text stays") {
  const json hostile{{"x", "\033[31m\u202e"}};
  CHECK(*JsonPath::parse("{.x}")->print(hostile) == "\uFFFD[31m\uFFFD");
  CHECK(*JsonPath::parse("{@}")->print(hostile) == "{\"x\":\"\\u001b[31m\\u202e\"}");
  CHECK(*JsonPath::parse("\033[1m{.y}")->print(hostile) == "\033[1m");
  CHECK(JsonPath::parse("{\033").error().message.find('\033') == std::string::npos);
}
