#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "base/encoding.hpp"
#include "control/exec/line_cutter.hpp"
#include "control/exec/spool.hpp"
#include "control/json_string.hpp"
#include "control/terminal_line.hpp"

namespace edge::control {
namespace {

using Lines = std::vector<std::string>;

struct Cut {
  LineCutter cutter;
  Lines lines;
  void add(std::string_view bytes) {
    cutter.add(bytes, [this](std::string_view line) { lines.emplace_back(line); });
  }
  void finish() {
    cutter.finish([this](std::string_view line) { lines.emplace_back(line); });
  }
};

std::string text_of(const Spool& spool) {
  std::string all;
  for (std::size_t number = 0; number < spool.pieces(); ++number) {
    const auto piece = spool.piece(number);
    REQUIRE(piece.has_value());
    all += *piece;
  }
  CHECK(all.size() == spool.size());
  return all;
}

}  // namespace

TEST_CASE("lines are whole however their bytes came") {
  const std::string text = "one\n\ntwo\nthree";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    Cut cut;
    for (std::size_t at = 0; at < text.size(); at += piece) cut.add(text.substr(at, piece));
    CHECK(cut.lines == Lines{"one", "", "two"});
    cut.finish();
    CHECK(cut.lines == Lines{"one", "", "two", "three"});
  }
}

TEST_CASE("a line without an end fills no memory and loses nothing") {
  Cut cut;
  for (int i = 0; i < 300; ++i) cut.add(std::string(1'000, 'x'));
  CHECK(cut.lines.size() == 300'000 / LineCutter::kLongestLine);
  cut.finish();
  std::size_t bytes = 0;
  for (const auto& line : cut.lines) {
    CHECK(line.size() <= LineCutter::kLongestLine);
    bytes += line.size();
  }
  CHECK(bytes == 300'000);
}

TEST_CASE("a line on a terminal keeps its colours and cannot reach beyond itself") {
  struct Row {
    const char* line;
    const char* shown;
  };
  for (const auto& row :
       {Row{"plain\ttext", "plain\ttext"}, Row{"\033[31mred", "\033[31mred\033[0m"},
        Row{"\033[2Jaway", "\xEF\xBF\xBD[2Jaway"}, Row{"10%\r50%\r100%", "100%"},
        Row{"dos\r", "dos"}, Row{"\033]0;title\a!", "\xEF\xBF\xBD]0;title\xEF\xBF\xBD!"},
        Row{"\xFFx", "\xEF\xBF\xBDx"}, Row{"na\xC3\xAFve", "na\xC3\xAFve"},
        Row{"\033[1;3", "\xEF\xBF\xBD[1;3"}, Row{"\b\b\b", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"}})
    CHECK(terminal_line(row.line) == row.shown);
}

TEST_CASE("what is kept comes back byte for byte, and its blocks are used again") {
  SpoolFile file("/tmp");
  std::string text;
  for (int i = 0; text.size() < 300'000; ++i) text += std::to_string(i) + "\n";
  {
    Spool first(file), second(file);
    for (std::size_t at = 0; at < text.size(); at += 1'000) {
      REQUIRE(first.append(text.substr(at, 1'000)).has_value());
      REQUIRE(second.append(text.substr(at, 1'000)).has_value());
    }
    Spool moved(std::move(first));
    CHECK(text_of(moved) == text);
    CHECK(text_of(second) == text);
    second.settle();
    CHECK(text_of(second) == text);
    CHECK(moved.size() == text.size());
  }
  const auto blocks = file.blocks();
  Spool third(file);
  REQUIRE(third.append(text).has_value());
  CHECK(file.blocks() == blocks);
  CHECK(text_of(third) == text);
}

TEST_CASE("a spool that cannot be written says where") {
  SpoolFile file("/nowhere");
  Spool spool(file);
  CHECK(spool.append("a little stays in memory").has_value());
  const auto kept = spool.append(std::string(SpoolFile::kBlock, 'x'));
  REQUIRE_FALSE(kept.has_value());
  CHECK(kept.error().message.find("/nowhere") != std::string::npos);
  CHECK(text_of(spool) == "a little stays in memory");
}

TEST_CASE("any bytes become a JSON string, and it says when it is not all of them") {
  struct Row {
    std::string bytes;
    std::string parsed;
    bool exact;
  };
  const std::string no = "\xEF\xBF\xBD";
  const std::vector<Row> rows{
      {"plain \"quoted\" \\ \n\t\r\x01\x7F", "plain \"quoted\" \\ \n\t\r\x01\x7F", true},
      {"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", true},
      {std::string("\0x", 2), std::string("\0x", 2), true},
      {"\xFF", no, false},
      {"\xC3", no, false},
      {"\xC3(", no + "(", false},
      {"\xC0\x80", no + no, false},
      {"\xED\xA0\x80", no + no + no, false},
      {"\xF4\x90\x80\x80", no + no + no + no, false},
      {"\xE2\x82", no + no, false},
  };
  for (const auto& row : rows) {
    for (std::size_t piece = 1; piece <= row.bytes.size(); ++piece) {
      JsonString string;
      std::string out = "\"";
      for (std::size_t at = 0; at < row.bytes.size(); at += piece)
        string.add(std::string_view(row.bytes).substr(at, piece), out);
      string.finish(out);
      out += '"';
      CHECK(nlohmann::json::parse(out).get<std::string>() == row.parsed);
      CHECK(string.is_exact() == row.exact);
    }
  }
}

TEST_CASE("base64 does not care how its bytes came") {
  const std::string bytes = "any bytes\xFF\x01";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    Base64 base64;
    std::string out;
    for (std::size_t at = 0; at < bytes.size(); at += piece)
      base64.add(std::string_view(bytes).substr(at, piece), out);
    base64.finish(out);
    CHECK(out == to_base64(bytes));
  }
}

}  // namespace edge::control
