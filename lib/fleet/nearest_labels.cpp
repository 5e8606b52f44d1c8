#include "fleet/nearest_labels.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace edge::fleet {
namespace {

using Kind = Requirement::Kind;

constexpr std::size_t kMostListed = 10;
// Comparing costs; beyond this a list of them would not help either.
constexpr std::size_t kMostCompared = 2'000;
constexpr const char* kAllLabels = "edgectl ls -o wide shows the labels";

template <class Map>
std::vector<std::string> keys_of(const Map& map) {
  std::vector<std::string> keys;
  for (const auto& [key, ignored] : map) {
    if (keys.size() == kMostCompared) break;
    keys.push_back(key);
  }
  return keys;
}

std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size() && i < kMostListed; ++i) {
    text += (i == 0 ? "" : ", ") + (words[i].empty() ? "\"\"" : words[i]);
  }
  return words.size() > kMostListed ? text + "..." : text;
}

std::string value_hint(const Requirement& one, const std::vector<std::string>& known) {
  for (const auto& value : one.values) {
    const auto near = nearest(value, known);
    if (!near.empty()) return "did you mean " + one.key + "=" + near + "?";
  }
  return one.key + " is one of: " + listed(known);
}

Error nobody_fulfils(const Requirement& one, const LabelCounts& counts) {
  const std::string written = print_requirement(one);
  if (one.kind == Kind::is_absent) {
    return fail(Errc::not_found, "every endpoint has the label " + one.key);
  }
  if (one.kind == Kind::is_none_of) {
    return fail(Errc::not_found, "no endpoint has " + written, kAllLabels);
  }
  const auto key = counts.of.find(one.key);
  if (key == counts.of.end()) {
    if (counts.of.empty()) {
      return fail(Errc::not_found, "no endpoint has a label",
                  "edgectl label NAME " + one.key + "=VALUE");
    }
    const auto known = keys_of(counts.of);
    const auto near = nearest(one.key, known);
    return fail(Errc::not_found, "no endpoint has a label " + one.key,
                near.empty() ? "the labels are: " + listed(known) : "did you mean " + near + "?");
  }
  return fail(Errc::not_found, "no endpoint has " + written, value_hint(one, keys_of(key->second)));
}

}  // namespace

void LabelCounts::add(const Labels& labels) {
  ++endpoints;
  for (const auto& [key, value] : labels) ++of[key][value];
}

std::size_t LabelCounts::fulfilling(const Requirement& one) const {
  const auto key = of.find(one.key);
  std::size_t with_key = 0, listed_values = 0;
  if (key != of.end()) {
    for (const auto& [value, count] : key->second) {
      with_key += count;
      const bool is_listed =
          std::find(one.values.begin(), one.values.end(), value) != one.values.end();
      if (is_listed) listed_values += count;
    }
  }
  switch (one.kind) {
    case Kind::exists:
      return with_key;
    case Kind::is_absent:
      return endpoints - with_key;
    case Kind::is_one_of:
      return listed_values;
    case Kind::is_none_of:
      return endpoints - listed_values;
  }
  return 0;
}

Error no_match(const Selector& selector, const LabelCounts& counts) {
  if (counts.endpoints == 0) {
    return fail(Errc::not_found, "there are no endpoints", "edgectl endpoint create NAME");
  }
  std::string each;
  for (const auto& one : selector.requirements()) {
    const auto count = counts.fulfilling(one);
    if (count == 0) return nobody_fulfils(one, counts);
    each += (each.empty() ? "" : ", ") + print_requirement(one) + ": " + std::to_string(count);
  }
  return fail(Errc::not_found,
              "no endpoint matches " + print_selector(selector) + " (each alone: " + each + ")",
              kAllLabels);
}

}  // namespace edge::fleet
