// Reading a JSONPath character by character: what its grammar (jsonpath_parse.cpp) is made of.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace edge::control {

// Thrown, and caught by parse_jsonpath(): in a recursive descent a Result at each step would hide
// the grammar.
struct JsonPathWrong {
  std::size_t place;
  std::string why;
};

class JsonPathCursor {
 public:
  explicit JsonPathCursor(std::string_view text) : text_(text) {}

 protected:
  // What ends a name that stands without quotes.
  static bool is_name_end(char c);

  bool at_end() const { return place_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[place_]; }
  bool take(char c);
  bool take(std::string_view what);
  // As a word of its own: "range" is not the start of "ranges".
  bool take_word(std::string_view word);
  void skip_blanks();
  // Nothing: no number is here.
  std::optional<std::int64_t> number();
  // REQUIRES: a quote is here. \n, \t and \r are escapes; any other character after a backslash is
  // itself.
  std::string quoted();
  [[noreturn]] void wrong(const char* why) const { throw JsonPathWrong{place_, why}; }

  std::string_view text_;
  std::size_t place_ = 0;
};

}  // namespace edge::control
