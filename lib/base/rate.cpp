#include "base/rate.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace edge {
namespace {

constexpr const char* kAccepted =
    "write bytes a second as 500K, 10M or 1.5G, or bits as 80Mbit (1K to 100G)";

Error refusal(std::string_view text, const std::string& why) {
  return fail(Errc::usage, "not a rate: '" + printable(text, 32) + "': " + why, kAccepted);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// A number as whole units of 1/1000, so that "1.5" needs no floating point.
struct Thousandths {
  std::uint64_t value = 0;
  std::size_t digits = 0, decimals = 0;
  bool too_large = false;
};

Thousandths take_number(std::string_view& text) {
  Thousandths number;
  bool after_point = false;
  for (; !text.empty(); text.remove_prefix(1)) {
    if (text.front() == '.' && !after_point) {
      after_point = true;
      continue;
    }
    if (!is_digit(text.front())) break;
    ++(after_point ? number.decimals : number.digits);
    if (number.value > 1'000'000'000'000) number.too_large = true;
    if (!number.too_large)
      number.value = number.value * 10 + static_cast<std::uint64_t>(text.front() - '0');
  }
  if (after_point && number.decimals == 0) number.digits = 0;  // "1." is no number
  for (auto decimals = number.decimals; decimals < 3; ++decimals) number.value *= 10;
  return number;
}

// K, M, G and nothing else: "m" would be thousandths. "k" is how SI writes it.
std::uint64_t take_multiple(std::string_view& text) {
  constexpr std::array<std::pair<char, std::uint64_t>, 4> kMultiples{
      {{'K', 1'000}, {'k', 1'000}, {'M', 1'000'000}, {'G', 1'000'000'000}}};
  for (const auto& [letter, multiple] : kMultiples) {
    if (text.empty() || text.front() != letter) continue;
    text.remove_prefix(1);
    return multiple;
  }
  return 1;
}

bool take(std::string_view& text, std::string_view what) {
  if (text.substr(0, what.size()) != what) return false;
  text.remove_prefix(what.size());
  return true;
}

}  // namespace

Result<std::uint64_t> parse_rate(std::string_view text) {
  auto rest = text;
  const auto number = take_number(rest);
  if (text.empty()) return refusal(text, "it is empty");
  if (number.digits == 0) return refusal(text, "it does not begin with a number");
  if (number.decimals > 3) return refusal(text, "more than three decimals");
  const auto multiple = take_multiple(rest);
  if (take(rest, "i"))
    return refusal(text, "K, M and G are powers of 1,000 here, there are no Ki, Mi and Gi");
  const bool bits = take(rest, "bit");
  if (!bits) take(rest, "B");
  take(rest, "/s");
  if (!rest.empty())
    return refusal(text, "'" + printable(rest, 16) + "' is no unit (K, M, G, bit)");
  if (number.too_large) return refusal(text, "more than 100G");
  // The number fits 50 bits, a multiple 30: in floating point where it would be too large anyway.
  const auto bytes = static_cast<double>(number.value) * static_cast<double>(multiple) / 1000.0 /
                     (bits ? 8.0 : 1.0);
  if (bytes > static_cast<double>(kMostRate)) return refusal(text, "more than 100G");
  if (bytes < static_cast<double>(kLeastRate)) return refusal(text, "less than 1K");
  return number.value * multiple / 1000 / (bits ? 8 : 1);
}

std::string format_rate(std::uint64_t bytes_per_second) {
  constexpr std::array<std::pair<const char*, std::uint64_t>, 3> kUnits{
      {{"G", 1'000'000'000}, {"M", 1'000'000}, {"K", 1'000}}};
  for (const auto& [unit, size] : kUnits) {
    if (bytes_per_second >= size && bytes_per_second % size == 0)
      return std::to_string(bytes_per_second / size) + unit;
  }
  return std::to_string(bytes_per_second);
}

}  // namespace edge
