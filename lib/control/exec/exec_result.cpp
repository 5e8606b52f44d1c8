#include "control/exec/exec_result.hpp"

#include <array>
#include <utility>

#include "base/text.hpp"

namespace edge::control {
namespace {

constexpr std::array<std::pair<ExecOutcome, const char*>, 8> kOutcomes{{
    {ExecOutcome::ok, "ok"},
    {ExecOutcome::failed, "failed"},
    {ExecOutcome::timed_out, "timed-out"},
    {ExecOutcome::lost, "lost"},
    {ExecOutcome::refused, "refused"},
    {ExecOutcome::offline, "offline"},
    {ExecOutcome::cancelled, "cancelled"},
    {ExecOutcome::not_started, "not-started"},
}};

bool ended_by_itself(const ExecResult& result) {
  return result.outcome == ExecOutcome::ok || result.outcome == ExecOutcome::failed;
}

}  // namespace

const char* to_string(ExecOutcome outcome) {
  for (const auto& [known, name] : kOutcomes)
    if (known == outcome) return name;
  return "failed";
}

std::optional<ExecOutcome> exec_outcome_from(const std::string& name) {
  for (const auto& [outcome, known] : kOutcomes)
    if (name == known) return outcome;
  return std::nullopt;
}

std::string why(const ExecResult& result) {
  const auto with_reason = [&result](std::string words) {
    return result.reason.empty() ? words : words + ": " + result.reason;
  };
  switch (result.outcome) {
    case ExecOutcome::ok:
      return "ok";
    case ExecOutcome::failed:
      if (!result.signal.empty()) return "ended by signal " + result.signal;
      return "status " + std::to_string(result.status);
    case ExecOutcome::timed_out:
      return with_reason("timed out");
    case ExecOutcome::lost:
      return with_reason("lost");
    case ExecOutcome::refused:
      return result.reason.empty() ? "refused" : result.reason;
    case ExecOutcome::offline:
      return with_reason("offline");
    case ExecOutcome::cancelled:
      return "cancelled";
    case ExecOutcome::not_started:
      return "not started";
  }
  return "failed";
}

nlohmann::ordered_json as_json(const ExecResult& result) {
  nlohmann::ordered_json body;
  body["name"] = result.name;
  body["outcome"] = to_string(result.outcome);
  const bool has_signal = !result.signal.empty();
  body["status"] = ended_by_itself(result) && !has_signal ? nlohmann::ordered_json(result.status)
                                                          : nlohmann::ordered_json(nullptr);
  body["signal"] =
      has_signal ? nlohmann::ordered_json(result.signal) : nlohmann::ordered_json(nullptr);
  body["duration"] = static_cast<double>(result.duration.count()) / 1'000;
  body["reason"] = result.outcome == ExecOutcome::ok ? std::string() : why(result);
  return body;
}

ExecResult refusal(std::string name, const Error& error) {
  ExecResult result;
  result.name = std::move(name);
  result.outcome = error.code == Errc::offline ? ExecOutcome::offline : ExecOutcome::refused;
  const auto first_line = error.message.substr(0, error.message.find('\n'));
  result.reason = printable(first_line, 400);
  return result;
}

}  // namespace edge::control
