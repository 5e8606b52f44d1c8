#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "control/display_width.hpp"
#include "control/output.hpp"

using namespace edge::control;

namespace {
std::string printed(const Table& table, const Table::Style& style = {}) {
  std::ostringstream out;
  table.print(out, style);
  return out.str();
}
const edge::WallTime kNow = *edge::parse_rfc3339("2026-11-22T21:52:05Z");
}  // namespace

TEST_CASE("a table aligns its columns and leaves no blanks at the end of a line") {
  Table table({"NAME", "STATE"});
  table.add({"shop-17", "online"});
  table.add({"x", ""});
  CHECK(printed(table) == "NAME     STATE\nshop-17  online\nx        -\n");
  CHECK(printed(table, {false, false, "  "}) == "  shop-17  online\n  x        -\n");
}

TEST_CASE("a table aligns by what characters take on a terminal, not by bytes") {
  Table table({"A", "B"});
  table.add({"日本", "1"});
  table.add({"e\u0301e", "2"});
  table.add({"äöüß", "3"});
  CHECK(printed(table) == "A     B\n日本  1\ne\u0301e    2\näöüß  3\n");
}

TEST_CASE("hostile text loses its escapes in tables, pages and JSON") {
  Table table({"A"});
  table.add({"\033[2Jgone\n\xff"});
  CHECK(printed(table).find('\033') == std::string::npos);
  CHECK(printed(table).find('\xff') == std::string::npos);
  CHECK(printed(table) == "A\n\uFFFD[2Jgone\uFFFD\uFFFD\n");
  Page page;
  page.add("name", "a\rb");
  std::ostringstream out;
  page.print(out, false);
  CHECK(out.str() == "name:  a\uFFFDb\n");
  std::ostringstream json;
  print_json(json, {{"a", "\033\u009b\u202e"}});
  CHECK(json.str() == "{\n  \"a\": \"\\u001b\\u009b\\u202e\"\n}\n");
}

TEST_CASE("colour goes around a cell's text and not around its padding") {
  Table table({"A", "B"});
  table.add({Cell("on", Colour::green), "x"});
  CHECK(printed(table, {false, true, ""}) == "\033[32mon\033[0m  x\n");
  CHECK(printed(table, {false, false, ""}) == "on  x\n");
}

TEST_CASE("text is cut at a character and says that it was cut") {
  CHECK(cut_to_width("abc", 3) == "abc");
  CHECK(cut_to_width("abcd", 3) == "ab\u2026");
  CHECK(cut_to_width("日本語", 4) == "日\u2026");
  CHECK(cut_to_width("abc", 0).empty());
  CHECK(display_width("e\u0301") == 1);
  CHECK(display_width("日") == 2);
}

TEST_CASE("times show as ages for people") {
  CHECK(ago("2026-11-22T21:52:03Z", kNow) == "2s ago");
  CHECK(ago("2026-11-22T21:52:10Z", kNow) == "0s ago");
  CHECK(ago("", kNow) == "never");
  CHECK(ago("soon", kNow) == "soon");
  CHECK(time_and_age("2026-11-22T18:40:05.500Z", kNow) == "2026-11-22T18:40:05Z (3h11m ago)");
}

TEST_CASE("bytes show in powers of a thousand") {
  struct Row {
    double bytes;
    const char* text;
  };
  for (const auto& row : {Row{0, "0 B"}, Row{999, "999 B"}, Row{1000, "1.0 KB"},
                          Row{1'500'000'000, "1.5 GB"}, Row{123'400'000, "123 MB"}}) {
    CHECK(format_bytes(row.bytes) == row.text);
  }
  CHECK(format_bytes(std::nullopt).empty());
}
