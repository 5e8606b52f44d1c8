#include "doctor/report.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace edge::doctor {
namespace {

constexpr std::size_t kLongestText = 600;  // bytes; servers and proxies are quoted in it

// Errors of several lines are one here.
std::string one_line(const std::string& text) {
  std::string line;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\n') {
      line += text[at];
      continue;
    }
    line += "; ";
    while (at + 1 < text.size() && text[at + 1] == ' ') ++at;
  }
  return printable(line, kLongestText);
}

}  // namespace

const char* to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return "PASS";
    case Verdict::fail:
      return "FAIL";
    case Verdict::skip:
      return "SKIP";
  }
  return "SKIP";
}

void Report::begin(std::string name, std::string about) {
  current_ = Check{};
  current_.name = std::move(name);
  current_.about = printable(about, kLongestText);
  begun_ = std::chrono::steady_clock::now();
  if (on_begin) on_begin(current_);
}

void Report::doing(const std::string& what) {
  auto shown = current_;
  shown.about = printable(what, kLongestText);
  if (on_begin) on_begin(shown);
}

void Report::end(Verdict verdict, std::string seen, Trouble trouble) {
  current_.verdict = verdict;
  current_.seen = one_line(seen);
  current_.meaning = one_line(trouble.meaning);
  current_.next = one_line(trouble.next);
  current_.took =
      std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begun_);
  checks_.push_back(current_);
  if (on_end) on_end(checks_.back());
}

void Report::pass(std::string seen) {
  end(Verdict::pass, std::move(seen), {});
}

void Report::fail(std::string seen, Trouble trouble) {
  end(Verdict::fail, std::move(seen), std::move(trouble));
}

void Report::skip(std::string why) {
  end(Verdict::skip, std::move(why), {});
}

void Report::skip(std::string name, std::string about, std::string why) {
  begin(std::move(name), std::move(about));
  skip(std::move(why));
}

bool Report::healthy() const {
  return std::none_of(checks_.begin(), checks_.end(),
                      [](const auto& check) { return check.verdict == Verdict::fail; });
}

nlohmann::json describe(const Report& report) {
  auto checks = nlohmann::json::array();
  for (const auto& check : report.checks()) {
    checks.push_back({{"name", check.name},
                      {"about", check.about},
                      {"verdict", to_string(check.verdict)},
                      {"took-ms", check.took.count()},
                      {"seen", check.seen},
                      {"meaning", check.meaning},
                      {"next", check.next}});
  }
  return {{"apiVersion", "edge/v1"},
          {"kind", "Doctor"},
          {"healthy", report.healthy()},
          {"checks", std::move(checks)}};
}

}  // namespace edge::doctor
