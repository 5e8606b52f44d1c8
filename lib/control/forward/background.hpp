// A program that goes to the background once it has begun to work: until then it is the child of
// the one that was called, which waits for it, and says what it says on the same terminal.
#pragma once

#include <string>
#include <variant>

#include "base/error.hpp"

namespace edge::control {

class Background {
 public:
  Background(Background&& other) noexcept;
  Background& operator=(Background&&) = delete;
  ~Background();

  // In the caller's process: the exit status, after the child has gone to the background (what it
  // gave go() is on stdout), or has ended. In the child: the other one.
  // REQUIRES: no threads and no loop yet.
  static Result<std::variant<int, Background>> fork();

  // The child leaves the terminal, its session and the folder it was started in. False: whoever
  // waited has gone, so nobody wants it any more.
  bool go(const std::string& said);

 private:
  explicit Background(int report) : report_(report) {}
  int report_;
};

}  // namespace edge::control
