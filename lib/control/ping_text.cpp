#include "control/ping_text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/text.hpp"
#include "control/json_fields.hpp"

namespace edge::control {
namespace {

using nlohmann::json;

std::optional<milliseconds> time_at(const json& object, const char* key) {
  const auto number = number_at(object, key);
  if (!number) return std::nullopt;
  return milliseconds(static_cast<milliseconds::rep>(*number));
}

std::string next_text(const json& check_in) {
  if (is_true_at(check_in, "held")) return "held now";
  if (is_true_at(check_in, "tunnel")) return "its tunnel is open";
  const auto next = time_at(check_in, "next-in-ms");
  if (!next) return "the next one is not known";
  return next->count() == 0 ? "the next one is due" : "the next one in " + format_age(*next);
}

}  // namespace

std::string check_in_text(const json& check_in) {
  const auto age = time_at(check_in, "age-ms");
  if (!age) return "no check-in yet";
  return "last check-in " + format_age(*age) + " ago, " + next_text(check_in);
}

std::string round_trip_text(std::int64_t microseconds) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f ms", static_cast<double>(microseconds) / 1000);
  return text.data();
}

std::string ping_line(const std::string& name, unsigned number, const json& answer) {
  auto line = "answer from " + name + ": seq=" + std::to_string(number);
  const auto time = number_at(answer, "round-trip-us");
  if (time) line += " time=" + round_trip_text(static_cast<std::int64_t>(*time));
  const auto way = text_at(answer, "way");
  if (!way.empty()) line += " path=" + printable(way);
  const auto from = text_at(answer, "address");
  if (!from.empty()) line += " from=" + printable(from);
  const auto opened = number_at(answer, "waited-ms").value_or(0);
  if (opened >= 1)
    line += " opened-in=" + round_trip_text(static_cast<std::int64_t>(opened) * 1000);
  return line;
}

void PingTally::add(std::int64_t microseconds) {
  least = answered == 0 ? microseconds : std::min(least, microseconds);
  most = std::max(most, microseconds);
  sum += microseconds;
  ++answered;
}

std::string PingTally::text(const std::string& name) const {
  auto lines = "--- " + name + ": " + std::to_string(asked) + " asked, " +
               std::to_string(answered) + " answered";
  if (answered == 0) return lines;
  return lines + "\nround trip min/avg/max: " + round_trip_text(least) + " / " +
         round_trip_text(sum / answered) + " / " + round_trip_text(most);
}

json PingTally::view() const {
  json view{{"asked", asked}, {"answered", answered}};
  const auto or_null = [this](std::int64_t number) {
    return answered == 0 ? json(nullptr) : json(number);
  };
  view["round-trip-us"] = {{"min", or_null(least)},
                           {"avg", or_null(answered == 0 ? 0 : sum / answered)},
                           {"max", or_null(most)}};
  return view;
}

}  // namespace edge::control
