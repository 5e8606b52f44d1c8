#include "fleet/labels.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace edge::fleet {
namespace {

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_inside(char c) {
  return is_alphanumeric(c) || c == '-' || c == '_' || c == '.';
}

// What a value and the last part of a key are.
bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= kLongestLabelText && is_alphanumeric(text.front()) &&
         is_alphanumeric(text.back()) && std::all_of(text.begin(), text.end(), is_inside);
}

bool is_domain_part(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !text.empty() && text.front() != '-' && text.back() != '-' &&
         std::all_of(text.begin(), text.end(), fits);
}

// Lower case, as Kubernetes has it: "app.example.com".
bool is_domain(std::string_view text) {
  while (true) {
    const auto dot = text.find('.');
    if (!is_domain_part(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

std::string quoted(std::string_view text) {
  return "'" + printable(text, 80) + "'";
}

}  // namespace

bool is_label_key(std::string_view text) {
  if (text.size() > kLongestLabelText) return false;
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return is_word(text);
  return is_domain(text.substr(0, slash)) && is_word(text.substr(slash + 1));
}

bool is_label_value(std::string_view text) {
  return text.empty() || is_word(text);
}

Result<void> check_label_key(std::string_view key) {
  if (is_label_key(key)) return {};
  return fail(Errc::usage, quoted(key) + " is no label's key", kLabelKeyRule);
}

Result<void> check_label(std::string_view key, std::string_view value) {
  if (auto checked = check_label_key(key); !checked) return checked;
  if (is_label_value(value)) return {};
  return fail(Errc::usage, quoted(value) + " is no value for label " + std::string(key),
              kLabelValueRule);
}

Result<void> check_change(const LabelChange& change) {
  if (change.set.size() > kMostLabels || change.remove.size() > kMostLabels) {
    return fail(Errc::usage, "an endpoint has at most " + std::to_string(kMostLabels) + " labels");
  }
  for (const auto& [key, value] : change.set) {
    if (auto checked = check_label(key, value); !checked) return checked;
    if (change.remove.count(key) != 0) {
      return fail(Errc::usage, "label " + key + " is both set and removed");
    }
  }
  for (const auto& key : change.remove) {
    if (auto checked = check_label_key(key); !checked) return checked;
  }
  return {};
}

Result<Labels> with_change(const Labels& before, const LabelChange& change,
                           const std::string& whose) {
  Labels after = before;
  for (const auto& key : change.remove) after.erase(key);
  for (const auto& [key, value] : change.set) {
    const auto [place, is_new] = after.emplace(key, value);
    if (is_new || place->second == value) continue;
    if (!change.overwrite) {
      return fail(
          Errc::conflict,
          whose + " has " + key + "=" + place->second + " already, not " + key + "=" + value,
          "--overwrite replaces it");
    }
    place->second = value;
  }
  if (after.size() > kMostLabels) {
    return fail(Errc::usage, whose + " would have " + std::to_string(after.size()) +
                                 " labels; at most " + std::to_string(kMostLabels) + " fit");
  }
  return after;
}

std::string print_labels(const Labels& labels) {
  std::string text;
  for (const auto& [key, value] : labels) {
    text += (text.empty() ? "" : ",") + key + (value.empty() ? "" : "=" + value);
  }
  return text;
}

std::string print_change(const LabelChange& change) {
  std::string text;
  for (const auto& [key, value] : change.set) {
    text += (text.empty() ? "" : ", ") + key + (value.empty() ? "" : "=" + value);
  }
  for (const auto& key : change.remove) text += (text.empty() ? "-" : ", -") + key;
  return text;
}

}  // namespace edge::fleet
