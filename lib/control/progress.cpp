#include "control/progress.hpp"

#include "base/text.hpp"
#include "control/display_width.hpp"

namespace edge::control {

void Progress::show(std::string_view text) {
  if (quiet_) return;
  std::string line = printable(text);
  if (line == shown_) return;
  shown_ = line;
  if (!terminal_) {
    err_ << line << '\n' << std::flush;
    return;
  }
  // A line that wraps could not be cleared; the last column stays free, since some terminals wrap
  // on it.
  clear();
  err_ << cut_to_width(line, columns_ > 1 ? columns_ - 1 : 1) << std::flush;
  on_screen_ = true;
}

void Progress::clear() {
  if (!on_screen_) return;
  err_ << "\r\033[K" << std::flush;
  on_screen_ = false;
}

void Progress::finish(std::string_view text) {
  clear();
  if (quiet_) return;
  err_ << printable(text) << '\n' << std::flush;
}

}  // namespace edge::control
