// What an operator sees while a session is paused: one status line. On a raw terminal it is the
// last row of the screen, beside whatever the far side shows there; on another one a line that is
// rewritten; elsewhere a line when it begins and one when it is over. Thread rule: one thread.
#pragma once

#include <ostream>
#include <string>

#include "control/session_link.hpp"
#include "control/terminal.hpp"

namespace edge::control {

class PauseNotice {
 public:
  enum class Style {
    lines,   // when it begins, when it is over
    screen,  // the terminal is raw, and the far side draws on it
    none,
  };
  PauseNotice(std::ostream& err, std::string name, Style style)
      : err_(err), name_(std::move(name)), style_(style) {}
  PauseNotice(const PauseNotice&) = delete;
  ~PauseNotice() { take_off(); }

  void set_style(Style style) { style_ = style; }
  void set_screen(int columns, int rows) {
    columns_ = columns;
    rows_ = rows;
  }
  void show(const SessionLink::Pause& pause);
  // Takes what it has drawn off the screen. True: there was something, and what the far side had
  // there is gone: it should draw anew.
  bool take_off();

 private:
  std::ostream& err_;
  const std::string name_;
  Style style_;
  int columns_ = 80, rows_ = 24;
  bool told_ = false, on_screen_ = false;
};

// "shop-17 is out of reach; the session waits for it (9m58s left)".
std::string pause_text(const std::string& name, const SessionLink::Pause& pause);

}  // namespace edge::control
