// Tries that fail, and then work again: how long to pause, and what of it is worth a line in the
// log.
#pragma once

#include <string>

#include "agent/backoff.hpp"

namespace edge::agent {

class Attempts {
 public:
  Attempts(milliseconds least, milliseconds most) : backoff_(least, most) {}

  // How long to pause. Logs when it starts to fail, at each longer pause and when the reason is
  // another one: not each try.
  milliseconds failed(const std::string& what, const std::string& hint);
  void worked(const std::string& url);
  bool failing() const noexcept { return failing_; }

 private:
  Backoff backoff_;
  bool failing_ = false;
  std::string last_;
};

}  // namespace edge::agent
