#include "control/exec/exec_summary.hpp"

#include <algorithm>
#include <cstdio>
#include <map>

#include "control/exec/folded_names.hpp"
#include "control/exit_code.hpp"

namespace edge::control {
namespace {

constexpr std::size_t kMostReasons = 20;  // a line each; the record has all

using Names = std::vector<std::string>;

// The four that an operator tells apart.
struct Heaps {
  Names ok, offline, not_started, cancelled;
  std::map<std::string, Names> failed;  // by why
  std::size_t failures = 0;
};

Heaps sorted_out(const ExecSummary& summary) {
  Heaps heaps;
  for (const auto& result : summary.results) {
    switch (result.outcome) {
      case ExecOutcome::ok:
        heaps.ok.push_back(result.name);
        break;
      case ExecOutcome::offline:
        heaps.offline.push_back(result.name);
        break;
      case ExecOutcome::not_started:
        heaps.not_started.push_back(result.name);
        break;
      case ExecOutcome::cancelled:
        heaps.cancelled.push_back(result.name);
        break;
      default:
        heaps.failed[why(result)].push_back(result.name);
        ++heaps.failures;
    }
  }
  return heaps;
}

std::string seconds(milliseconds took) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f s", static_cast<double>(took.count()) / 1'000);
  return text;
}

std::string headline(const ExecSummary& summary, const Heaps& heaps) {
  const auto all = summary.results.size();
  auto line = std::to_string(all) + (all == 1 ? " endpoint in " : " endpoints in ") +
              seconds(summary.took) + ": " + std::to_string(heaps.ok.size()) + " ok";
  const auto add = [&line](std::size_t count, const char* words) {
    if (count > 0) line += ", " + std::to_string(count) + " " + words;
  };
  add(heaps.failures, "failed");
  add(heaps.offline.size(), summary.skips_offline ? "offline (skipped)" : "offline");
  add(heaps.cancelled.size(), "cancelled");
  add(heaps.not_started.size(), "not started");
  return line;
}

std::string why_stopped(const ExecSummary& summary) {
  if (summary.stopped == FanOut::Stop::interrupted) return "interrupted before all was done";
  return "stopped: more than " + std::to_string(summary.most_failures) + " failed (--max-fail)";
}

// The reasons that most share first.
std::vector<std::pair<std::string, Names>> by_count(const Heaps& heaps) {
  std::vector<std::pair<std::string, Names>> list(heaps.failed.begin(), heaps.failed.end());
  std::stable_sort(list.begin(), list.end(), [](const auto& left, const auto& right) {
    return left.second.size() > right.second.size();
  });
  return list;
}

bool is_undone(const ExecResult& result) {
  return result.outcome != ExecOutcome::ok;
}

// An interrupt that came when all had begun, and ended, changed nothing.
bool was_cut_short(const ExecSummary& summary) {
  return summary.stopped != FanOut::Stop::none &&
         std::any_of(summary.results.begin(), summary.results.end(), [](const ExecResult& result) {
           return result.outcome == ExecOutcome::cancelled ||
                  result.outcome == ExecOutcome::not_started;
         });
}

}  // namespace

std::vector<std::string> summary_lines(const ExecSummary& summary) {
  const auto heaps = sorted_out(summary);
  std::vector<std::string> lines{headline(summary, heaps)};
  if (was_cut_short(summary)) lines.push_back("  " + why_stopped(summary));
  const auto failed = by_count(heaps);
  for (std::size_t i = 0; i < failed.size() && i < kMostReasons; ++i)
    lines.push_back("  failed:      " + folded_and_counted(failed[i].second) + ": " +
                    failed[i].first);
  if (failed.size() > kMostReasons)
    lines.push_back("  failed:      and for " + std::to_string(failed.size() - kMostReasons) +
                    " other reasons");
  const auto add = [&lines](const char* title, const Names& names) {
    if (!names.empty()) lines.push_back(title + folded_and_counted(names));
  };
  add("  offline:     ", heaps.offline);
  add("  cancelled:   ", heaps.cancelled);
  add("  not started: ", heaps.not_started);
  const bool undone = std::any_of(summary.results.begin(), summary.results.end(), is_undone);
  if (undone && !summary.record.empty())
    lines.push_back("  those again: edgectl exec --retry-failed " + summary.record);
  return lines;
}

nlohmann::ordered_json summary_json(const ExecSummary& summary) {
  const auto heaps = sorted_out(summary);
  Names failed;
  for (const auto& result : summary.results) {
    const bool listed =
        result.outcome == ExecOutcome::failed || result.outcome == ExecOutcome::timed_out ||
        result.outcome == ExecOutcome::lost || result.outcome == ExecOutcome::refused;
    if (listed) failed.push_back(result.name);
  }
  nlohmann::ordered_json body;
  body["summary"] = {{"endpoints", summary.results.size()},
                     {"ok", heaps.ok.size()},
                     {"failed", failed},
                     {"offline", heaps.offline},
                     {"cancelled", heaps.cancelled},
                     {"not-started", heaps.not_started},
                     {"duration", static_cast<double>(summary.took.count()) / 1'000},
                     {"interrupted", exit_status(summary) == kExitInterrupted},
                     {"result-file", summary.record}};
  return body;
}

int exit_status(const ExecSummary& summary) {
  const bool interrupted = summary.stopped == FanOut::Stop::interrupted && was_cut_short(summary);
  if (interrupted) return kExitInterrupted;
  const bool undone = std::any_of(
      summary.results.begin(), summary.results.end(), [&summary](const ExecResult& result) {
        const bool skipped = summary.skips_offline && result.outcome == ExecOutcome::offline;
        return is_undone(result) && !skipped;
      });
  return undone ? kExitSomeFailed : kExitOk;
}

}  // namespace edge::control
