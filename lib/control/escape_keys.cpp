#include "control/escape_keys.hpp"

#include <utility>

namespace edge::control {
namespace {

bool is_line_end(char key) {
  return key == '\r' || key == '\n';
}

}  // namespace

EscapeKeys::Typed EscapeKeys::take(std::string_view& input) {
  if (!escape_) return {std::exchange(input, {})};
  if (std::exchange(escaped_, false)) return take_escaped(input);
  const auto at = next_escape(input);
  const auto pass = input.substr(0, at);
  if (!pass.empty()) at_line_start_ = is_line_end(pass.back());
  escaped_ = at < input.size();
  input.remove_prefix(escaped_ ? at + 1 : input.size());
  return {pass};
}

// The key after an escape. One that means nothing is of the far side, and so was the escape.
EscapeKeys::Typed EscapeKeys::take_escaped(std::string_view& input) {
  at_line_start_ = true;
  const char key = input.front();
  const auto command = key == '.'   ? Command::disconnect
                       : key == '?' ? Command::help
                       : key == 's' ? Command::status
                                    : Command::none;
  if (command != Command::none || key == *escape_) input.remove_prefix(1);
  if (command != Command::none) return {{}, command};
  at_line_start_ = false;
  return {std::string_view(&*escape_, 1)};
}

// Found by the character, not by the line: bulk has few of it.
std::size_t EscapeKeys::next_escape(std::string_view input) const {
  auto at = input.find(*escape_);
  while (at != input.npos && !(at == 0 ? at_line_start_ : is_line_end(input[at - 1])))
    at = input.find(*escape_, at + 1);
  return at;
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
