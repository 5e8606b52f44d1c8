// What a forward says about itself, a line for each change: on stderr, or in the file of one in the
// background, which is bounded. Thread rule: one thread.
#pragma once

#include <filesystem>
#include <string>

#include "base/time.hpp"

namespace edge::control {

class ForwardVoice {
 public:
  static constexpr std::size_t kMostBytes = 256 * 1024;  // then the file becomes FILE.1

  // `quiet`: errors alone are said on stderr.
  explicit ForwardVoice(bool quiet) : quiet_(quiet) {}

  void say(const std::string& text);       // a change
  void complain(const std::string& text);  // what somebody should look at
  // From now on here, with the time of each line. What cannot be written is lost.
  void move_to(std::filesystem::path file) { file_ = std::move(file); }

 private:
  void write(const std::string& line);
  const bool quiet_;
  std::filesystem::path file_;  // empty: stderr
};

}  // namespace edge::control
