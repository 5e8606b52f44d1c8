#include <doctest/doctest.h>

#include <string>

#include "base/text.hpp"

using namespace edge;

namespace {
const std::string kBad = "\xEF\xBF\xBD";  // U+FFFD
}

TEST_CASE("hostile text is made safe to show") {
  const struct {
    const char* what;
    std::string hostile, expected;
  } rows[] = {
      {"plain", "shop-17 ok", "shop-17 ok"},
      {"UTF-8 of every length", "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80",
       "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"},
      {"escape", "\x1b[2J", kBad + "[2J"},
      {"line breaks and tab", "a\r\n\tb", "a" + kBad + kBad + kBad + "b"},
      {"NUL", std::string("a\0b", 3), "a" + kBad + "b"},
      {"DEL", "\x7f", kBad},
      {"C1 as UTF-8 (CSI)",
       "\xC2\x9B"
       "31m",
       kBad + "31m"},
      {"C1 as a bare byte",
       "\x9b"
       "31m",
       kBad + "31m"},
      {"no-break space is the first after C1", "\xC2\xA0", "\xC2\xA0"},
      {"right-to-left override",
       "\xE2\x80\xAE"
       "abc",
       kBad + "abc"},
      {"isolate", "\xE2\x81\xA6", kBad},
      {"direction marks", "\xE2\x80\x8E\xE2\x80\x8F\xD8\x9C", kBad + kBad + kBad},
      {"line and paragraph separator", "\xE2\x80\xA8\xE2\x80\xA9", kBad + kBad},
      {"overlong slash", "\xC0\xAF", kBad + kBad},
      {"overlong in three bytes", "\xE0\x80\xAF", kBad + kBad + kBad},
      {"overlong in four bytes", "\xF0\x80\x80\xAF", kBad + kBad + kBad + kBad},
      {"surrogate", "\xED\xA0\x80", kBad + kBad + kBad},
      {"over U+10FFFF", "\xF4\x90\x80\x80", kBad + kBad + kBad + kBad},
      {"lone continuation", "\x80x", kBad + "x"},
      {"cut off at the end", "x\xE2\x82", "x" + kBad + kBad},
      {"cut off in the middle", "\xE2\x82x", kBad + kBad + "x"},
      {"0xFF", "\xFF\xFE", kBad + kBad},
      {"empty", "", ""},
  };
  for (const auto& row : rows) {
    CAPTURE(row.what);
    CHECK(printable(row.hostile) == row.expected);
  }
}

TEST_CASE("long text is cut at a character and never exceeds its bound") {
  CHECK(printable("abcdef", 6) == "abcdef");
  CHECK(printable("abcdefg", 6) == "abc\xE2\x80\xA6");
  CHECK(printable("ab\xE2\x82\xAC"
                  "def",
                  7) == "ab\xE2\x80\xA6");
  CHECK(printable("abc", 2) == "");
  CHECK(printable("abc", 0) == "");
  for (std::size_t bound = 0; bound < 40; ++bound) {
    CHECK(printable(std::string(100, '\x01'), bound).size() <= bound);
    CHECK(printable("\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80", bound)
              .size() <= bound);
  }
}

TEST_CASE("what is printable stays as it is") {
  std::string hostile;
  for (int i = 0; i < 256; ++i) hostile += static_cast<char>(i);
  const auto once = printable(hostile, 4096);
  CHECK(printable(once, 4096) == once);
}

TEST_CASE("edit distance counts what was added, dropped or changed") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("flaw", "lawn") == 2);
  CHECK(edit_distance(std::string(64, 'a'), std::string(64, 'b')) == 64);
  CHECK(edit_distance(std::string(65, 'a'), std::string(65, 'a')) == 65);
  CHECK(edit_distance(std::string(100'000, 'a'), "a") == 100'000);
}

TEST_CASE("the nearest word is offered only if it can be meant") {
  const std::vector<std::string> commands{"connect", "endpoint", "exec", "settings"};
  CHECK(nearest("conect", commands) == "connect");
  CHECK(nearest("endpiont", commands) == "endpoint");
  CHECK(nearest("setings", commands) == "settings");
  CHECK(nearest("exec", commands) == "exec");
  CHECK(nearest("xyz", commands) == "");
  CHECK(nearest("abcdefgh", commands) == "");
  CHECK(nearest("conect", {}) == "");
}
