#include "doctor/print.hpp"

#include <algorithm>
#include <string>

namespace edge::doctor {
namespace {

constexpr std::size_t kNameWidth = 12;
constexpr const char* kClear = "\r\033[K";

const char* colour_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return "\033[32m";
    case Verdict::fail:
      return "\033[31m";
    case Verdict::skip:
      return "\033[2m";
  }
  return "";
}

std::string padded(std::string text) {
  if (text.size() < kNameWidth) text.append(kNameWidth - text.size(), ' ');
  return text;
}

}  // namespace

void print_check(std::ostream& out, const Check& check, bool colour) {
  if (colour) out << colour_of(check.verdict);
  out << to_string(check.verdict);
  if (colour) out << "\033[0m";
  out << "  " << padded(check.name) << "  ";
  if (!check.about.empty()) out << check.about << ": ";
  out << check.seen;
  if (check.verdict != Verdict::skip) out << " (" << check.took.count() << " ms)";
  out << '\n';
  if (check.verdict == Verdict::fail) {
    out << "      means  " << check.meaning << '\n' << "      next   " << check.next << '\n';
  }
  out << std::flush;
}

void print_summary(std::ostream& out, const Report& report) {
  const auto& checks = report.checks();
  const auto failed = std::count_if(checks.begin(), checks.end(), [](const auto& check) {
    return check.verdict == Verdict::fail;
  });
  if (failed == 0) {
    out << "all is well: " << checks.size() << " checks, none failed\n";
  } else {
    out << failed << " of " << checks.size()
        << " checks failed: begin with the first, the others often follow from it\n";
  }
}

void show(Report& report, std::ostream& out, std::ostream& err, PrintStyle style) {
  if (style.progress) {
    report.on_begin = [&err](const Check& check) {
      const auto text = check.name + (check.about.empty() ? "" : " ") + check.about;
      err << kClear << text << (text.ends_with("...") ? "" : "...") << std::flush;
    };
  }
  report.on_end = [&out, &err, style](const Check& check) {
    if (style.progress) err << kClear << std::flush;
    print_check(out, check, style.colour);
  };
}

}  // namespace edge::doctor
