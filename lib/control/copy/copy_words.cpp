#include "control/copy/copy_words.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "control/exit_code.hpp"
#include "control/output.hpp"

namespace edge::control {
namespace {

constexpr auto kLooksBack = std::chrono::seconds(5);
constexpr std::size_t kFolded = 20;  // names in a summary

std::string counted(std::uint64_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string bytes_text(std::uint64_t bytes) {
  return format_bytes(static_cast<double>(bytes));
}

std::string rate_text(double bytes_per_second) {
  return format_bytes(bytes_per_second) + "/s";
}

double seconds(milliseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

std::string left_text(std::uint64_t bytes, double bytes_per_second) {
  const auto left = static_cast<double>(bytes) / bytes_per_second;
  constexpr double kForever = 100 * 3600;
  if (left > kForever) return "";
  const auto rounded = std::chrono::seconds(static_cast<long>(left + 0.99));
  return "  " + format_duration(rounded) + " left";
}

void add_names(std::vector<std::string>& lines, const std::string& head,
               const std::vector<const CopyResult*>& of) {
  for (std::size_t i = 0; i < of.size() && i < kFolded; ++i) {
    const auto& error = of[i]->error;
    std::string line = "  " + printable(of[i]->name) + ": " + head;
    if (error) line += (head.empty() ? "" : ": ") + printable(error->message, 400);
    lines.push_back(line);
  }
  if (of.size() > kFolded)
    lines.push_back("  and " + std::to_string(of.size() - kFolded) + " more");
}

}  // namespace

void CopyPace::note(SteadyTime now, std::uint64_t bytes) {
  samples_.push_back({now, bytes});
  while (samples_.size() > 2 && now - samples_[1].at >= kLooksBack) samples_.pop_front();
}

double CopyPace::bytes_per_second() const {
  if (samples_.size() < 2) return 0;
  const auto& from = samples_.front();
  const auto& to = samples_.back();
  const double took = std::chrono::duration<double>(to.at - from.at).count();
  if (took <= 0 || to.bytes < from.bytes) return 0;
  return static_cast<double>(to.bytes - from.bytes) / took;
}

std::string progress_text(const std::string& what, const std::vector<CopyResult>& results,
                          double bytes_per_second) {
  std::uint64_t bytes = 0, to_copy = 0, done = 0, failed = 0;
  bool all_listed = true;
  for (const auto& result : results) {
    bytes += result.meter.bytes;
    to_copy += result.meter.bytes_to_copy;
    done += result.is_done ? 1 : 0;
    failed += result.is_done && !result.ok() ? 1 : 0;
    all_listed = all_listed && (result.meter.to_list == 0 || result.is_done);
  }
  std::string text = what;
  if (results.size() > 1) {
    text += "  " + std::to_string(done) + " of " + std::to_string(results.size()) + " done";
    if (failed > 0) text += "  " + std::to_string(failed) + " failed";
  } else if (results.front().meter.files_to_copy > 1) {
    const auto& meter = results.front().meter;
    text += "  " + std::to_string(meter.files) + " of " + counted(meter.files_to_copy, "file");
  }
  if (to_copy > 0) {
    text += "  " + std::to_string(bytes * 100 / std::max(bytes, to_copy)) + " %  " +
            bytes_text(bytes) + " of " + bytes_text(to_copy);
  } else {
    text += "  " + bytes_text(bytes);
  }
  if (bytes_per_second < 1) return text;
  text += "  " + rate_text(bytes_per_second);
  if (to_copy > bytes && all_listed) text += left_text(to_copy - bytes, bytes_per_second);
  return text;
}

std::string result_text(const CopyResult& result) {
  const auto& meter = result.meter;
  std::string text =
      result.name + ": " + counted(meter.files, "file") + ", " + bytes_text(meter.bytes);
  const auto took = seconds(result.took);
  std::array<char, 64> time;
  std::snprintf(time.data(), time.size(), " in %.1f s", took);
  text += time.data();
  if (took > 0.1 && meter.bytes > 0)
    text += " (" + rate_text(static_cast<double>(meter.bytes) / took) + ")";
  if (meter.already_there > 0)
    text += "; " + std::to_string(meter.already_there) + " were there already";
  if (meter.failed > 0) text += "; " + std::to_string(meter.failed) + " failed";
  if (!result.is_verified) text += "; checked by size alone";
  return text;
}

std::vector<std::string> summary_lines(const std::vector<CopyResult>& results) {
  std::vector<const CopyResult*> failed, offline, not_begun;
  for (const auto& result : results) {
    if (result.ok()) continue;
    if (!result.is_done) {
      not_begun.push_back(&result);
    } else if (result.error && result.error->code == Errc::offline) {
      offline.push_back(&result);
    } else {
      failed.push_back(&result);
    }
  }
  const auto ok = results.size() - failed.size() - offline.size() - not_begun.size();
  std::string line = counted(results.size(), "endpoint") + ": " + std::to_string(ok) + " ok";
  if (!failed.empty()) line += ", " + std::to_string(failed.size()) + " failed";
  if (!offline.empty()) line += ", " + std::to_string(offline.size()) + " offline";
  if (!not_begun.empty()) line += ", " + std::to_string(not_begun.size()) + " not finished";
  std::vector<std::string> lines{line};
  add_names(lines, "failed", failed);
  add_names(lines, "offline", offline);
  add_names(lines, "not finished", not_begun);
  return lines;
}

nlohmann::json as_json(const CopyResult& result) {
  nlohmann::json object{{"endpoint", result.name},
                        {"ok", result.ok()},
                        {"files", result.meter.files},
                        {"bytes", result.meter.bytes},
                        {"already-there", result.meter.already_there},
                        {"failed", result.meter.failed},
                        {"checked", result.is_verified ? "sha256" : "size"},
                        {"duration", seconds(result.took)},
                        {"error", nullptr}};
  if (result.error) {
    object["error"] = {{"code", to_string(result.error->code)},
                       {"message", printable(result.error->message, 1'000)}};
  }
  return object;
}

int exit_status(const std::vector<CopyResult>& results) {
  bool any_failed = false, any_done = false;
  std::optional<int> status;
  for (const auto& result : results) {
    any_done = any_done || result.ok() || result.meter.files > 0;
    if (result.ok()) continue;
    any_failed = true;
    const int its = result.error ? exit_code(result.error->code) : kExitFailure;
    status = !status || *status == its ? its : kExitFailure;
  }
  if (!any_failed) return kExitOk;
  const bool is_many = results.size() > 1;
  return any_done || is_many ? kExitSomeFailed : *status;
}

}  // namespace edge::control
