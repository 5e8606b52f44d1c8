// Whole lines out of bytes that come in pieces. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace edge::control {

class LineCutter {
 public:
  // A line that is longer comes in parts of this size: nobody's line may fill the memory.
  static constexpr std::size_t kLongestLine = 64 * 1024;

  // Calls `take(line)`, without its end, for each line that is whole now.
  template <class Take>
  void add(std::string_view bytes, Take&& take) {
    while (!bytes.empty()) {
      const auto end = bytes.find('\n');
      const auto size = end == std::string_view::npos ? bytes.size() : end;
      if (kept_.size() + size > kLongestLine) {
        const auto part = kLongestLine - kept_.size();
        kept_.append(bytes.substr(0, part));
        take(std::string_view(kept_));
        kept_.clear();
        bytes.remove_prefix(part);
      } else if (end == std::string_view::npos) {
        kept_.append(bytes);
        return;
      } else {
        if (kept_.empty()) {
          take(bytes.substr(0, end));
        } else {
          kept_.append(bytes.substr(0, end));
          take(std::string_view(kept_));
          kept_.clear();
        }
        bytes.remove_prefix(end + 1);
      }
    }
  }

  // What is left without an end: nothing more will come.
  template <class Take>
  void finish(Take&& take) {
    if (!kept_.empty()) take(std::string_view(kept_));
    kept_ = std::string();
  }

 private:
  std::string kept_;
};

}  // namespace edge::control
