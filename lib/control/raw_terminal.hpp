// The operator's terminal while a session has it: raw, and given back on every way out.
#pragma once

#include <termios.h>

#include "ssh/shell_server.hpp"

namespace edge::control {

class RawTerminal {
 public:
  // Nothing happens when the descriptor is no terminal.
  explicit RawTerminal(int descriptor);
  RawTerminal(const RawTerminal&) = delete;
  ~RawTerminal() { restore(); }
  void restore() noexcept;  // safe to repeat

 private:
  int descriptor_;
  termios saved_{};
  bool raw_ = false;
};

// The size of the terminal, 80 x 24 where it says none.
ssh::PtyRequest terminal_size(int descriptor, const std::string& terminal);

}  // namespace edge::control
