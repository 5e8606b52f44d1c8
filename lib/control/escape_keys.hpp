// What an operator types to edgectl itself instead of to the far side, as ssh(1) has it (ESCAPE
// CHARACTERS): the escape character at the beginning of a line, and then one more. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace edge::control {

class EscapeKeys {
 public:
  enum class Command { none, disconnect, help, status };

  explicit EscapeKeys(std::optional<char> escape) : escape_(escape) {}

  struct Typed {
    // For the far side, before the command. Copied nowhere: a part of the input, or of this object.
    std::string_view pass;
    Command command = Command::none;
  };
  // Takes from the front of `input` what goes on as it is, or what follows an escape.
  Typed take(std::string_view& input);

  std::string help() const;  // lines, each ended by \r\n: the terminal is raw

 private:
  Typed take_escaped(std::string_view& input);
  std::size_t next_escape(std::string_view input) const;

  std::optional<char> escape_;
  bool at_line_start_ = true, escaped_ = false;
};

// "~", "^]" (a control character) or "none", as ssh's -e takes them.
Result<std::optional<char>> parse_escape(const std::string& text);

}  // namespace edge::control
