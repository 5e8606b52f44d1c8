#include "control/escape_keys.hpp"

#include <utility>

namespace edge::control {

EscapeKeys::Typed EscapeKeys::take(std::string_view& input) {
  Typed typed;
  while (!input.empty()) {
    const char key = input.front();
    input.remove_prefix(1);
    if (std::exchange(escaped_, false)) {
      at_line_start_ = false;
      if (key == '.') typed.command = Command::disconnect;
      if (key == '?') typed.command = Command::help;
      if (key == 's') typed.command = Command::status;
      if (typed.command != Command::none) {
        at_line_start_ = true;
        return typed;
      }
      typed.pass += *escape_;
      if (key == *escape_) continue;  // twice: once for the far side
    } else if (at_line_start_ && escape_ && key == *escape_) {
      escaped_ = true;
      continue;
    }
    typed.pass += key;
    at_line_start_ = key == '\r' || key == '\n';
  }
  return typed;
}

std::string EscapeKeys::help() const {
  if (!escape_) return "";
  const std::string key = *escape_ < ' ' ? std::string("^") + static_cast<char>(*escape_ + '@')
                                         : std::string(1, *escape_);
  return "\r\nAt the beginning of a line:\r\n  " + key + ".  end the session\r\n  " + key +
         "s  about the session: where, since when, how well\r\n  " + key + "?  this help\r\n  " +
         key + key + "  " + key + " itself\r\n";
}

Result<std::optional<char>> parse_escape(const std::string& text) {
  if (text == "none") return std::optional<char>();
  if (text.size() == 1 && text[0] > ' ' && text[0] < 0x7F) return std::optional<char>(text[0]);
  if (text.size() == 2 && text[0] == '^' && text[1] >= '@' && text[1] <= '_')
    return std::optional<char>(static_cast<char>(text[1] - '@'));
  return fail(Errc::usage, "-e '" + text + "': one character, ^ and a letter, or none", "-e none");
}

}  // namespace edge::control
