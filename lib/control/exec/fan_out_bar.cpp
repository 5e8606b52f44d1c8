#include "control/exec/fan_out_bar.hpp"

#include <algorithm>
#include <cstdio>

#include "control/display_width.hpp"

namespace edge::control {
namespace {

constexpr std::size_t kWidest = 30, kNarrowest = 8;
constexpr milliseconds kBeforeRate{1'000};  // a rate of less is chance

std::string rate_text(const FanOut::Counts& counts, milliseconds since_start) {
  if (since_start < kBeforeRate || counts.ended == 0) return {};
  const auto rate =
      static_cast<double>(counts.ended) * 1'000 / static_cast<double>(since_start.count());
  char text[64];
  std::snprintf(text, sizeof text, rate < 9.95 ? "  %.1f/s" : "  %.0f/s", rate);
  const auto open = counts.all - counts.ended;
  const auto left =
      milliseconds(static_cast<std::int64_t>(static_cast<double>(open) * 1'000 / rate));
  std::string words = text;
  if (open > 0 && counts.waiting == 0) words += "  " + format_age(left) + " to go";
  return words;
}

}  // namespace

std::string bar_text(const FanOut::Counts& counts, milliseconds since_start, unsigned columns) {
  auto words = std::to_string(counts.ended) + "/" + std::to_string(counts.all);
  const auto add = [&words](std::size_t count, const char* what) {
    if (count > 0) words += "  " + std::to_string(count) + " " + what;
  };
  add(counts.failed, "failed");
  add(counts.running, "running");
  add(counts.paused, "out of reach");
  add(counts.waiting, "waited for");
  add(counts.left() - counts.waiting, "left");
  words += rate_text(counts, since_start);
  const std::size_t room = columns > 1 ? columns - 1 : 1;
  if (words.size() + kNarrowest + 3 > room) return cut_to_width(words, static_cast<unsigned>(room));
  const auto width = std::min(kWidest, room - words.size() - 3);
  const auto done = counts.all == 0 ? width : width * counts.ended / counts.all;
  return "[" + std::string(done, '#') + std::string(width - done, '-') + "] " + words;
}

}  // namespace edge::control
