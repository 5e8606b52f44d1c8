#include "base/time.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>

namespace edge {
namespace {

using namespace std::chrono;

constexpr std::int64_t kMostMilliseconds = 10LL * 365 * 24 * 3600 * 1000;

struct Unit {
  std::string_view suffix;
  std::int64_t milliseconds;
};
constexpr std::array<Unit, 5> kUnits{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

std::string with_suffix(std::int64_t number, std::string_view suffix) {
  return std::to_string(number).append(suffix);
}

// "3h12m"; the small part is left out when it is nothing.
std::string in_two(std::int64_t large, const char* large_unit, std::int64_t small,
                   const char* small_unit) {
  auto text = with_suffix(large, large_unit);
  return small == 0 ? text : text + with_suffix(small, small_unit);
}

// REQUIRES: digits only in text[from, from + digits).
int number_at(std::string_view text, std::size_t from, std::size_t digits) {
  int number = 0;
  for (const char c : text.substr(from, digits)) number = number * 10 + (c - '0');
  return number;
}

// True when the text is like the form, where 'n' stands for any digit.
bool has_form(std::string_view text, std::string_view form) {
  return std::equal(text.begin(), text.end(), form.begin(), form.end(), [](char c, char expected) {
    return expected == 'n' ? c >= '0' && c <= '9' : c == expected;
  });
}

}  // namespace

std::optional<milliseconds> parse_duration(std::string_view text) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || text.front() == '-') return std::nullopt;
  const std::string_view suffix(stopped, static_cast<std::size_t>(end - stopped));
  for (const auto& unit : kUnits) {
    if (suffix != unit.suffix) continue;
    if (number > kMostMilliseconds / unit.milliseconds) return std::nullopt;
    return milliseconds{number * unit.milliseconds};
  }
  return std::nullopt;
}

std::string format_duration(milliseconds duration) {
  const std::int64_t count = std::max<std::int64_t>(0, duration.count());
  if (count == 0) return "0s";
  // The largest unit that leaves no rest has the fewest digits.
  const auto fits = [count](const Unit& unit) { return count % unit.milliseconds == 0; };
  const auto& unit = *std::find_if(kUnits.begin(), kUnits.end(), fits);
  return with_suffix(count / unit.milliseconds, unit.suffix);
}

std::string format_age(milliseconds age) {
  // A clock that was set back makes ages negative; to a reader that is "now".
  const std::int64_t seconds = std::max<std::int64_t>(0, age.count()) / 1000;
  const std::int64_t minutes = seconds / 60;
  const std::int64_t hours = minutes / 60;
  if (minutes == 0) return with_suffix(seconds, "s");
  if (hours == 0) return with_suffix(minutes, "m");
  if (hours < 24) return in_two(hours, "h", minutes % 60, "m");
  return in_two(hours / 24, "d", hours % 24, "h");
}

std::string format_rfc3339(WallTime time) {
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss<milliseconds> clock{time - day};
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()),
                static_cast<int>(clock.subseconds().count()));
  return text.data();
}

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  const bool has_milliseconds = has_form(text, "nnnn-nn-nnTnn:nn:nn.nnnZ");
  if (!has_milliseconds && !has_form(text, "nnnn-nn-nnTnn:nn:nnZ")) return std::nullopt;
  const auto part = [text](std::size_t from, std::size_t digits) {
    return number_at(text, from, digits);
  };
  const year_month_day date{year{part(0, 4)}, month{static_cast<unsigned>(part(5, 2))},
                            day{static_cast<unsigned>(part(8, 2))}};
  const int hour = part(11, 2), minute = part(14, 2), second = part(17, 2);
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  return WallTime{sys_days{date}} + hours{hour} + minutes{minute} + seconds{second} +
         milliseconds{has_milliseconds ? part(20, 3) : 0};
}

}  // namespace edge
