#include "control/terminal_line.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace edge::control {
namespace {

constexpr std::string_view kPlain = "\033[0m";

// The length of a colour sequence at the start of the text: ESC [ digits and ; m. 0: there is none.
std::size_t colour_at(std::string_view text) {
  if (!text.starts_with("\033[")) return 0;
  const auto end = text.find_first_not_of("0123456789;", 2);
  return end != std::string_view::npos && text[end] == 'm' ? end + 1 : 0;
}

std::string_view shown_last(std::string_view line) {
  while (line.ends_with('\r')) line.remove_suffix(1);
  const auto again = line.rfind('\r');
  return again == std::string_view::npos ? line : line.substr(again + 1);
}

bool is_plain(std::string_view line) {
  for (const char c : line)
    if (static_cast<unsigned char>(c) - 0x20U >= 0x5FU && c != '\t') return false;
  return true;
}

}  // namespace

std::string terminal_line(std::string_view line) {
  line = shown_last(line);
  if (is_plain(line)) return std::string(line);
  std::string text;
  bool coloured = false;
  while (!line.empty()) {
    if (const auto size = colour_at(line); size > 0) {
      text += line.substr(0, size);
      coloured = true;
      line.remove_prefix(size);
      continue;
    }
    if (line.front() == '\t') {
      text += '\t';
      line.remove_prefix(1);
      continue;
    }
    const auto next = std::min(line.find_first_of("\033\t", 1), line.size());
    text += printable(line.substr(0, next), 4 * next);
    line.remove_prefix(next);
  }
  if (coloured) text += kPlain;
  return text;
}

}  // namespace edge::control
