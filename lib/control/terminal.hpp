// What is known about the terminal, and the rules for colour and questions.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace edge::control {

// The environment's say, read by main.
struct TerminalEnvironment {
  std::string no_color;        // NO_COLOR
  std::string clicolor_force;  // CLICOLOR_FORCE
  std::string term;            // TERM
};

struct Terminal {
  bool in = false;  // stdin, stdout, stderr are terminals
  bool out = false;
  bool err = false;
  unsigned columns = 80;  // of stderr
};

Terminal detect_terminal();
unsigned terminal_rows();  // of stdout, as it is now

// --color always and never decide. With auto: NO_COLOR (not empty) says no, CLICOLOR_FORCE (not
// empty, not "0") yes, TERM=dumb no, else colour is for terminals.
bool want_colour(std::string_view wish, const TerminalEnvironment& environment, bool is_terminal);

// Asks "question [y/N] " on err and reads a line from in; only y and yes mean yes. Where nobody can
// be asked it is refused (Errc::usage) with `command` plus --yes as the hint. `yes` answers without
// asking.
Result<bool> confirm(std::string_view question, std::string_view command, bool yes,
                     const Terminal& terminal, std::istream& in, std::ostream& err);

}  // namespace edge::control
