#include "control/yaml.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace edge::control {
namespace {

using nlohmann::json;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_plain_inside(char c) {
  constexpr std::string_view kOthers = "-_./+@%";
  return is_letter(c) || (c >= '0' && c <= '9') || kOthers.find(c) != std::string_view::npos;
}

// Words that some reader takes for something else than text: YAML 1.1 has many.
bool means_something(std::string word) {
  constexpr std::array<std::string_view, 11> kWords{"y",  "n",   "yes",  "no",  "true", "false",
                                                    "on", "off", "null", "nan", "inf"};
  std::transform(word.begin(), word.end(), word.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

// Begins with a letter: no number, no date, no mark of YAML's.
bool is_plain(const std::string& text) {
  return !text.empty() && is_letter(text.front()) &&
         std::all_of(text.begin(), text.end(), is_plain_inside) && !means_something(text);
}

// JSON's quoted texts are YAML's double-quoted ones.
std::string quoted(const json& text) {
  return text.dump(-1, ' ', true, json::error_handler_t::replace);
}

std::string scalar(const json& value) {
  if (value.is_string() && is_plain(value.get_ref<const std::string&>())) return value;
  if (value.is_object()) return "{}";
  if (value.is_array()) return "[]";
  return quoted(value);
}

bool is_block(const json& value) {
  return value.is_structured() && !value.empty();
}

// `first`: the blanks before the first line are there already ("- ").
void print(const json& value, std::size_t indent, bool first, std::string& out) {
  const auto begin_line = [&] {
    if (!std::exchange(first, false)) out.append(indent, ' ');
  };
  if (!is_block(value)) {
    begin_line();
    out += scalar(value) + '\n';
  } else if (value.is_array()) {
    for (const auto& item : value) {
      begin_line();
      out += "- ";
      print(item, indent + 2, true, out);
    }
  } else {
    for (const auto& [key, item] : value.items()) {
      begin_line();
      out += scalar(json(key)) + ':';
      if (is_block(item)) {
        out += '\n';
        print(item, indent + 2, false, out);
      } else {
        out += ' ' + scalar(item) + '\n';
      }
    }
  }
}

}  // namespace

std::string print_yaml(const json& value) {
  std::string out;
  print(value, 0, false, out);
  return out;
}

}  // namespace edge::control
