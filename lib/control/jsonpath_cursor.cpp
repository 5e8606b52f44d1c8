#include "control/jsonpath_cursor.hpp"

#include <charconv>

namespace edge::control {

bool JsonPathCursor::is_name_end(char c) {
  constexpr std::string_view kEnds = " \t\n\r.[]{}()=!<>,|&'\"";
  return kEnds.find(c) != std::string_view::npos;
}

bool JsonPathCursor::take(char c) {
  if (at_end() || peek() != c) return false;
  ++place_;
  return true;
}

bool JsonPathCursor::take(std::string_view what) {
  if (text_.substr(place_, what.size()) != what) return false;
  place_ += what.size();
  return true;
}

bool JsonPathCursor::take_word(std::string_view word) {
  const auto after = place_ + word.size();
  if (text_.substr(place_, word.size()) != word) return false;
  if (after < text_.size() && text_[after] != ' ' && text_[after] != '}') return false;
  place_ = after;
  return true;
}

void JsonPathCursor::skip_blanks() {
  while (!at_end() && (peek() == ' ' || peek() == '\t')) ++place_;
}

std::optional<std::int64_t> JsonPathCursor::number() {
  std::int64_t value = 0;
  const auto* first = text_.data() + place_;
  const auto parsed = std::from_chars(first, text_.data() + text_.size(), value);
  if (parsed.ec == std::errc::result_out_of_range) wrong("the number is too large");
  if (parsed.ec != std::errc{}) return std::nullopt;
  place_ += static_cast<std::size_t>(parsed.ptr - first);
  return value;
}

std::string JsonPathCursor::quoted() {
  const auto start = place_;
  const char quote = text_[place_++];
  std::string made;
  while (!at_end() && peek() != quote) {
    char c = text_[place_++];
    if (c == '\\' && !at_end()) {
      c = text_[place_++];
      c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
    }
    made += c;
  }
  if (!take(quote)) throw JsonPathWrong{start, "this quote is not closed"};
  return made;
}

}  // namespace edge::control
