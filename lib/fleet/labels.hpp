// What operators write on endpoints to find them in groups: site=berlin. The rules of keys and
// values (Kubernetes' own), and what a change makes of the labels that are there. Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace edge::fleet {

using Labels = std::map<std::string, std::string>;

inline constexpr std::size_t kMostLabels = 64;        // of one endpoint
inline constexpr std::size_t kLongestLabelText = 63;  // a key, its prefix included, or a value

inline constexpr const char* kLabelKeyRule =
    "keys are letters and digits with '-', '_' and '.' inside, at most 63 characters, with "
    "'example.com/' before them where wanted";
inline constexpr const char* kLabelValueRule =
    "values are letters and digits with '-', '_' and '.' inside, at most 63 characters, or empty";

bool is_label_key(std::string_view text);
bool is_label_value(std::string_view text);

// Errc::usage, with the rule as the hint.
Result<void> check_label(std::string_view key, std::string_view value);
Result<void> check_label_key(std::string_view key);

// What happens to the labels of one endpoint or of many.
struct LabelChange {
  Labels set;
  std::set<std::string> remove;
  bool overwrite = false;  // a key that has another value already may get this one

  bool empty() const { return set.empty() && remove.empty(); }
};

// Keys and values by the rules, at most kMostLabels of them, and no key both set and removed.
Result<void> check_change(const LabelChange& change);

// The labels afterwards. Errc::conflict: a key has another value, and overwrite is not set.
// Errc::usage: more than kMostLabels. A key to remove that is not there is no error. `whose`: the
// endpoint's name, for the message.
Result<Labels> with_change(const Labels& before, const LabelChange& change,
                           const std::string& whose);

// "site=berlin,retired" as people and selectors write them.
std::string print_labels(const Labels& labels);
// "site=berlin, -retired"
std::string print_change(const LabelChange& change);

}  // namespace edge::fleet
