#include "agent/pam_words.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace edge::agent {
namespace {

constexpr std::size_t kMostReason = 1'024;

std::string_view without_end_of_line(std::string_view text) {
  return text.substr(0, text.find_last_not_of("\r\n") + 1);
}

// A notice of several lines becomes one: it goes into an error message.
std::string in_one_line(std::string_view text) {
  std::string line;
  for (const char each : text) line += each == '\n' || each == '\r' || each == '\t' ? ' ' : each;
  return line;
}

}  // namespace

void PamWords::add(std::vector<std::string>& list, std::string_view text) {
  text = without_end_of_line(text).substr(0, kMost - std::min(kMost, lines_.size()));
  if (text.empty()) return;
  list.emplace_back(text);
  lines_.append(text).push_back('\n');
}

std::string PamWords::as_reason() const {
  std::string reason;
  for (const auto& text : errors_.empty() ? texts_ : errors_) {
    if (!reason.empty()) reason += "; ";
    reason += in_one_line(text);
  }
  return printable(reason, kMostReason);
}

Error pam_refusal(std::string_view account, const PamWords& words, std::string_view step,
                  std::string_view code_text, std::string_view service) {
  auto reason = words.as_reason();
  if (reason.empty()) {
    reason = std::string(code_text) + " (" + std::string(step) + ", " + std::string(service) + ")";
  }
  return fail(Errc::not_allowed,
              "PAM refuses the account " + printable(account, 64) + ": " + reason,
              "the node's log names the module: journalctl -t edge-agent");
}

std::vector<std::pair<std::string, std::string>> split_exported(
    const std::vector<std::string>& lines) {
  std::vector<std::pair<std::string, std::string>> variables;
  for (const auto& line : lines) {
    const auto equals = line.find('=');
    if (equals == 0 || equals == std::string::npos) continue;
    variables.emplace_back(line.substr(0, equals), line.substr(equals + 1));
  }
  return variables;
}

}  // namespace edge::agent
