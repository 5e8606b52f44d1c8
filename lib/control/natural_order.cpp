#include "control/natural_order.hpp"

#include <algorithm>

namespace edge::control {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Takes a run of digits off the front, without its leading zeros.
std::string_view take_number(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
  auto number = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(number.size());
  number.remove_prefix(std::min(number.find_first_not_of('0'), number.size()));
  return number;
}

int sign(int order) {
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

}  // namespace

int natural_order(std::string_view left, std::string_view right) {
  auto rest_left = left, rest_right = right;
  while (!rest_left.empty() && !rest_right.empty()) {
    if (is_digit(rest_left.front()) && is_digit(rest_right.front())) {
      const auto first = take_number(rest_left), second = take_number(rest_right);
      if (first.size() != second.size()) return first.size() < second.size() ? -1 : 1;
      if (const int order = first.compare(second); order != 0) return sign(order);
      continue;
    }
    if (rest_left.front() != rest_right.front()) {
      return static_cast<unsigned char>(rest_left.front()) <
                     static_cast<unsigned char>(rest_right.front())
                 ? -1
                 : 1;
    }
    rest_left.remove_prefix(1);
    rest_right.remove_prefix(1);
  }
  if (rest_left.empty() != rest_right.empty()) return rest_left.empty() ? -1 : 1;
  return sign(left.compare(right));
}

}  // namespace edge::control
