#include "control/exec/folded_names.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

namespace edge::control {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

struct Parts {
  std::string before, number, after;
};

// "rack2-node017.berlin" is "rack2-node", "017", ".berlin".
Parts parts_of(const std::string& name) {
  auto end = name.size();
  while (end > 0 && !is_digit(name[end - 1])) --end;
  if (end == 0) return {name, "", ""};
  auto begin = end;
  while (begin > 0 && is_digit(name[begin - 1])) --begin;
  return {name.substr(0, begin), name.substr(begin, end - begin), name.substr(end)};
}

std::string_view without_zeros(std::string_view number) {
  const auto first = number.find_first_not_of('0');
  return first == std::string_view::npos ? number.substr(number.size() - 1) : number.substr(first);
}

// Numbers of any length, the smaller value first; of one value the shorter text.
bool is_less(const std::string& left, const std::string& right) {
  const auto a = without_zeros(left), b = without_zeros(right);
  if (a.size() != b.size()) return a.size() < b.size();
  if (a != b) return a < b;
  return left.size() < right.size();
}

// What counting goes on with, in as many digits: 09 is followed by 10, 9 by 10, 099 by 100.
std::string next_of(std::string number) {
  for (auto digit = number.rbegin(); digit != number.rend(); ++digit) {
    if (*digit != '9') {
      ++*digit;
      return number;
    }
    *digit = '0';
  }
  return "1" + number;
}

std::string ranges(std::vector<std::string> numbers) {
  std::sort(numbers.begin(), numbers.end(), is_less);
  std::string text;
  for (std::size_t first = 0; first < numbers.size();) {
    auto last = first;
    while (last + 1 < numbers.size() && numbers[last + 1] == next_of(numbers[last])) ++last;
    text += (text.empty() ? "" : ",") + numbers[first];
    if (last > first) text += "-" + numbers[last];
    first = last + 1;
  }
  return text;
}

}  // namespace

std::string folded(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> families;
  for (const auto& name : names) {
    auto parts = parts_of(name);
    families[{std::move(parts.before), std::move(parts.after)}].push_back(std::move(parts.number));
  }
  std::string text;
  for (const auto& [around, numbers] : families) {
    text += text.empty() ? "" : ",";
    const bool one = numbers.size() == 1;
    text += around.first + (one ? numbers.front() : "[" + ranges(numbers) + "]") + around.second;
  }
  return text;
}

std::string folded_and_counted(const std::vector<std::string>& names) {
  auto text = folded(names);
  if (names.size() > 1) text += " (" + std::to_string(names.size()) + ")";
  return text;
}

}  // namespace edge::control
