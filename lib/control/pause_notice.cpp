#include "control/pause_notice.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "control/display_width.hpp"

namespace edge::control {
namespace {

// ECMA-48 and DEC: save the cursor, go to a row, reversed; and all of it back.
std::string on_row(int row, const std::string& text) {
  return "\0337\033[" + std::to_string(row) + ";1H\033[7m" + text + "\033[0m\033[K\0338";
}
std::string cleared_row(int row) {
  return "\0337\033[" + std::to_string(row) + ";1H\033[0m\033[2K\0338";
}

// "9m58s": a count-down, unlike the ages of format_age(), shows its seconds.
std::string time_left(milliseconds left) {
  const auto seconds = std::max<std::int64_t>(left.count() / 1000, 0);
  const auto rest = std::to_string(seconds % 60) + "s";
  return seconds < 60 ? rest : std::to_string(seconds / 60) + "m" + rest;
}

}  // namespace

std::string pause_text(const std::string& name, const SessionLink::Pause& pause) {
  const auto left = " (" + time_left(pause.left) + " left)";
  if (pause.edged_is_away)
    return printable("edged is away; the session on " + name + " waits for it" + left);
  auto text = name + " is out of reach; the session waits for it" + left;
  if (!pause.why.empty()) text += ": " + pause.why;
  return printable(text, 400);
}

void PauseNotice::show(const SessionLink::Pause& pause) {
  if (style_ == Style::none) return;
  if (style_ == Style::screen) {
    if (!pause.is_paused) return;  // take_off() follows
    const auto width = static_cast<unsigned>(columns_ > 1 ? columns_ - 1 : 1);
    err_ << on_row(rows_, cut_to_width(pause_text(name_, pause), width)) << std::flush;
    on_screen_ = true;
    return;
  }
  if (pause.is_paused == told_) return;
  told_ = pause.is_paused;
  if (pause.is_paused) {
    err_ << "edgectl: " << pause_text(name_, pause) << '\n' << std::flush;
  } else {
    const auto lasted = std::max(pause.lasted, milliseconds{1});
    err_ << "edgectl: " << name_ << " is back after " << format_age(lasted) << '\n' << std::flush;
  }
}

bool PauseNotice::take_off() {
  if (!on_screen_) return false;
  on_screen_ = false;
  err_ << cleared_row(rows_) << std::flush;
  return true;
}

}  // namespace edge::control
