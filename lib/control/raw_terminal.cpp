#include "control/raw_terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

namespace edge::control {

RawTerminal::RawTerminal(int descriptor) : descriptor_(descriptor) {
  if (::tcgetattr(descriptor_, &saved_) != 0) return;
  termios raw = saved_;
  ::cfmakeraw(&raw);
  raw_ = ::tcsetattr(descriptor_, TCSADRAIN, &raw) == 0;
}

void RawTerminal::restore() noexcept {
  // At once: draining waits for ever on a terminal that was stopped with Ctrl-S.
  if (raw_) ::tcsetattr(descriptor_, TCSANOW, &saved_);
  raw_ = false;
}

ssh::PtyRequest terminal_size(int descriptor, const std::string& terminal) {
  winsize size{};
  ssh::PtyRequest pty;
  pty.terminal = terminal;
  if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
    pty.columns = size.ws_col;
    pty.rows = size.ws_row;
    pty.x_pixels = size.ws_xpixel;
    pty.y_pixels = size.ws_ypixel;
  }
  return pty;
}

}  // namespace edge::control
