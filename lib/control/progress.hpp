// What is being waited for, on stderr: on a terminal one status line that is rewritten and cleared
// at the end; elsewhere one line per change of state; nothing when quiet. Thread rule: one thread
// at a time.
#pragma once

#include <ostream>
#include <string>
#include <string_view>

#include "control/terminal.hpp"

namespace edge::control {

class Progress {
 public:
  // The stream must outlive the progress.
  Progress(std::ostream& err, const Terminal& terminal, bool quiet)
      : err_(err), terminal_(terminal.err), quiet_(quiet), columns_(terminal.columns) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { clear(); }

  // A state, in words; the same words twice are shown once.
  void show(std::string_view text);
  // Takes the status line off the terminal. What was written elsewhere stays.
  void clear();
  // The end: clears, and leaves this one line behind.
  void finish(std::string_view text);

 private:
  std::ostream& err_;
  bool terminal_;
  bool quiet_;
  unsigned columns_;
  std::string shown_;
  bool on_screen_ = false;
};

}  // namespace edge::control
