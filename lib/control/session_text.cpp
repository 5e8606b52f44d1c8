#include "control/session_text.hpp"

#include <cstdio>

#include "base/text.hpp"

namespace edge::control {
namespace {

std::string text_of(const nlohmann::json& object, const char* key) {
  return object.is_object() ? printable(object.value(key, ""), 200) : std::string();
}

std::string size_text(std::uint64_t bytes) {
  if (bytes < 1'000) return std::to_string(bytes) + " B";
  double size = static_cast<double>(bytes);
  const char* unit = "B";
  for (const char* next : {"kB", "MB", "GB", "TB"}) {
    if (size < 1'000) break;
    size /= 1'000;
    unit = next;
  }
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %s", size, unit);
  return text;
}

std::string bytes_text(const nlohmann::json& known) {
  if (!known.is_object()) return "unknown: edged does not answer";
  return size_text(known.value("bytes-out", std::uint64_t{0})) + " sent, " +
         size_text(known.value("bytes-in", std::uint64_t{0})) + " received";
}

}  // namespace

std::vector<std::string> session_lines(const SessionFacts& facts) {
  std::vector<std::string> lines;
  auto add = [&lines](const std::string& name, const std::string& value) {
    if (!value.empty()) lines.push_back("  " + name + std::string(12 - name.size(), ' ') + value);
  };
  auto instance = facts.instance;
  const auto host = text_of(facts.known, "host-name");
  if (!host.empty()) instance = host + " (" + facts.instance + ")";
  add("endpoint", facts.endpoint);
  add("instance", instance);
  add("session", facts.session + (facts.is_paused ? ", paused" : ""));
  add("since", text_of(facts.known, "since"));
  const auto way = text_of(facts.known, "way");
  add("path",
      way == "poll-port" ? "tunnel through the poll port" : (way.empty() ? "" : "tunnel, " + way));
  add("round trip", facts.round_trip && *facts.round_trip >= 0
                        ? std::to_string(*facts.round_trip) + " ms"
                        : "unknown");
  add("idle left", facts.idle_left ? format_duration(std::max(milliseconds{0}, *facts.idle_left))
                                   : "no limit (--idle)");
  add("bytes", bytes_text(facts.known));
  add("resumes", std::to_string(facts.resumes));
  return lines;
}

}  // namespace edge::control
