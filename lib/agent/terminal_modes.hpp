// The terminal modes of an SSH pty request, put onto a termios.
#pragma once

#include <termios.h>

#include <string_view>

namespace edge::agent {

// RFC 4254 section 8: opcode, uint32, ..., 0. What this system does not know is passed over;
// decoding stops at the end mark, at an opcode of 160 or more, or where the text is cut, and keeps
// what it had by then.
void apply_terminal_modes(std::string_view encoded, termios& modes);

}  // namespace edge::agent
