// Which endpoints are meant, by their labels. kubectl's grammar:
//   site=berlin,tier!=dev,os in (linux,bsd),os notin (x),retired,!retired
// Every requirement must hold; == is =. As in kubectl, != and notin also hold where the key is not
// there at all. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fleet/labels.hpp"

namespace edge::fleet {

inline constexpr std::size_t kLongestSelector = 4096;  // bytes: it must fit into a request's head

struct Requirement {
  enum class Kind { is_one_of, is_none_of, exists, is_absent };
  Kind kind = Kind::exists;
  std::string key;
  std::vector<std::string> values;  // of the first two: at least one

  bool holds_for(const Labels& labels) const;
};

// As it could be written: "site=berlin", "os in (bsd,linux)", "!retired".
std::string print_requirement(const Requirement& requirement);

class Selector {
 public:
  explicit Selector(std::vector<Requirement> requirements)
      : requirements_(std::move(requirements)) {}

  bool matches(const Labels& labels) const;
  const std::vector<Requirement>& requirements() const noexcept { return requirements_; }

 private:
  std::vector<Requirement> requirements_;  // at least one: nothing is selected by an empty text
};

// Errc::usage says what is wrong and where: the text again, with a caret below the place.
Result<Selector> parse_selector(std::string_view text);

std::string print_selector(const Selector& selector);

// Two lines: what is around the place, and a caret below it. For other grammars' errors, too.
std::string show_place(std::string_view text, std::size_t place);

}  // namespace edge::fleet
