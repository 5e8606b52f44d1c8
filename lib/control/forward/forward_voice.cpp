#include "control/forward/forward_voice.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <iostream>

#include "base/descriptor.hpp"
#include "base/text.hpp"

namespace edge::control {
namespace {

constexpr std::size_t kMostLine = 2'048;

}  // namespace

void ForwardVoice::say(const std::string& text) {
  if (file_.empty() && quiet_) return;
  write(text);
}

void ForwardVoice::complain(const std::string& text) {
  write(text);
}

void ForwardVoice::write(const std::string& text) {
  const auto line = printable(text, kMostLine) + "\n";
  if (file_.empty()) {
    std::cerr << "edgectl: " + line << std::flush;
    return;
  }
  std::error_code ignored;
  const auto size = std::filesystem::file_size(file_, ignored);
  if (!ignored && size > kMostBytes) {
    auto old = file_;
    old += ".1";
    std::filesystem::rename(file_, old, ignored);
  }
  const Descriptor out(::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  const auto stamped = format_rfc3339(SystemClock().wall()) + " " + line;
  [[maybe_unused]] const auto written = ::write(out.get(), stamped.data(), stamped.size());
}

}  // namespace edge::control
