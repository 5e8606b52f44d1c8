#include <doctest/doctest.h>

#include "fleet/selector.hpp"

using namespace edge;
using namespace edge::fleet;

namespace {

bool selects(const char* text, const Labels& labels) {
  const auto selector = parse_selector(text);
  REQUIRE_MESSAGE(selector.has_value(), text);
  return selector->matches(labels);
}

}  // namespace

TEST_CASE("a selector is true of the labels that kubectl's would be true of") {
  const Labels shop{{"site", "berlin"}, {"tier", "prod"}, {"os", "linux"}, {"empty", ""}};
  struct Row {
    const char* selector;
    bool matches;
  };
  for (const auto& row : {
           Row{"site=berlin", true},
           Row{"site==berlin", true},
           Row{"site=munich", false},
           Row{"site=Berlin", false},
           Row{"site=berlin,tier=prod", true},
           Row{"site=berlin,tier=dev", false},
           Row{"tier!=dev", true},
           Row{"tier!=prod", false},
           Row{"missing!=x", true},  // as in kubectl: a key that is not there is not x
           Row{"os in (linux,bsd)", true},
           Row{"os in (bsd)", false},
           Row{"missing in (a,b)", false},
           Row{"os notin (x)", true},
           Row{"os notin (linux)", false},
           Row{"missing notin (x)", true},
           Row{"site", true},
           Row{"retired", false},
           Row{"!retired", true},
           Row{"! retired", true},
           Row{"!site", false},
           Row{"empty", true},
           Row{"empty=", true},
           Row{"site=", false},
           Row{"missing=", false},
           Row{"empty in (a,)", true},
           Row{"empty in (,a)", true},
           Row{"site!=", true},
           Row{"  site = berlin , tier != dev ,\tos in ( linux , bsd )\n", true},
           Row{"in in (in)", false},
           Row{"in,notin", false},
           Row{"site=berlin,tier!=dev,os in (linux,bsd),os notin (x),site,!retired", true},
       }) {
    CAPTURE(row.selector);
    CHECK(selects(row.selector, shop) == row.matches);
  }
  CHECK(selects("in in (in)", {{"in", "in"}}));
  CHECK(selects("app.example.com/name=x", {{"app.example.com/name", "x"}}));
}

TEST_CASE("a selector that does not parse says where") {
  struct Row {
    const char* selector;
    std::size_t character;  // the first is 1
    const char* reason;
  };
  for (const auto& row : {
           Row{",", 1, "a label's key is expected"},
           Row{"=x", 1, "a label's key is expected"},
           Row{"site=berlin,", 13, "a label's key is expected"},
           Row{"site=berlin,,x", 13, "a label's key is expected"},
           Row{"!", 2, "a label's key is expected"},
           Row{"!!x", 2, "a label's key is expected"},
           Row{"site berlin", 6, "after a key comes"},
           Row{"site=berlin tier=x", 13, "a comma is expected"},
           Row{"site=a=b", 7, "a comma is expected"},
           Row{"!site=a", 6, "a comma is expected"},
           Row{"os in linux", 7, "the values stand in brackets"},
           Row{"os in", 6, "the values stand in brackets"},
           Row{"os in (", 8, "a comma or the closing bracket"},
           Row{"os in (a b)", 10, "a comma or the closing bracket"},
           Row{"os in ()", 8, "there must be a value"},
           Row{"os in (a))", 10, "a comma is expected"},
           Row{"os in (a,b", 11, "a comma or the closing bracket"},
           Row{"(a)", 1, "a label's key is expected"},
           Row{"-x=1", 1, "no label's key"},
           Row{"x-=1", 1, "no label's key"},
           Row{"a/b/c", 1, "no label's key"},
           Row{"site=b\xC3\xA9rlin", 6, "no label's value"},
           Row{"site=-x", 6, "no label's value"},
           Row{"site=\"berlin\"", 6, "no label's value"},
           Row{"x>5", 1, "no label's key"},
       }) {
    CAPTURE(row.selector);
    const auto selector = parse_selector(row.selector);
    REQUIRE(selector.has_error());
    CHECK(selector.error().code == Errc::usage);
    CAPTURE(selector.error().message);
    const auto where = "at character " + std::to_string(row.character) + ": ";
    CHECK(selector.error().message.find(where) != std::string::npos);
    CHECK(selector.error().message.find(row.reason) != std::string::npos);
  }
  for (const char* blank : {"", " ", "\t\n "}) {
    CHECK(parse_selector(blank).error().message == "the selector is empty");
  }
}

TEST_CASE("the caret stands below the place, also in a long selector and among odd bytes") {
  CHECK(parse_selector("site=berlin,=x").error().message ==
        "the selector is wrong at character 13: a label's key is expected here\n"
        "site=berlin,=x\n"
        "            ^");
  std::string is_long;
  for (int i = 0; i < 100; ++i) is_long += "k" + std::to_string(i) + "=v,";
  const auto message = parse_selector(is_long + "=x," + is_long).error().message;
  const auto line = message.substr(message.find('\n') + 1);
  const auto end = line.find('\n');
  CHECK(line.starts_with("..."));
  CHECK(line.substr(0, end).ends_with("..."));
  CHECK(line[line.find('^') - end - 1] == '=');
  CHECK(line.size() < 200);
  CHECK(show_place("a\033[31m\tb", 2) == "a?[31m b\n  ^");
}

TEST_CASE("a selector of 64 KB is refused at once, whatever is in it") {
  for (const char* piece : {"a=b,", "(", "!", "a in (", ",", " ", "\xFF"}) {
    CAPTURE(piece);
    std::string text;
    while (text.size() < 64 * 1024) text += piece;
    const auto selector = parse_selector(text);
    REQUIRE(selector.has_error());
    CHECK(selector.error().code == Errc::usage);
    CHECK(selector.error().message.size() < 300);
  }
  std::string good = "a=b";
  while (good.size() + 4 <= kLongestSelector) good += ",a=b";
  CHECK(parse_selector(good).has_value());
  CHECK(parse_selector(good + ",a=b").has_error());
}

TEST_CASE("whatever bytes a selector is made of, it parses or says where it does not") {
  const std::string letters = "ab=!,() in\tnotin-_./\xC3\x01'\"";
  std::uint32_t state = 1;
  const auto next = [&state] { return (state = state * 1664525U + 1013904223U) >> 16U; };
  std::size_t parsed = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (std::uint32_t length = next() % 24; length > 0; --length) {
      text += letters[next() % letters.size()];
    }
    const auto selector = parse_selector(text);
    if (selector) {
      ++parsed;
      // What it prints means the same.
      const auto again = parse_selector(print_selector(*selector));
      REQUIRE_MESSAGE(again.has_value(), text);
      CHECK(print_selector(*again) == print_selector(*selector));
    } else {
      CHECK(selector.error().code == Errc::usage);
      CHECK_FALSE(selector.error().message.empty());
    }
  }
  CHECK(parsed > 100);
}
