#include <algorithm>
#include <sstream>

#include "config/settings.hpp"
#include "config/value.hpp"

namespace edge::config {
namespace {

constexpr std::size_t kWidth = 80;  // of a comment line, for an 80-column terminal

// Words that YAML reads as something other than text, and what this project reads as "not set".
bool is_plain(std::string_view text) {
  constexpr std::string_view kSafe =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-";
  if (text.empty() || text.starts_with('-')) return false;
  if (text.find_first_not_of(kSafe) != text.npos) return false;
  return text != "null" && text != "Null" && text != "NULL";
}

// REQUIRES: no control characters, which no value may hold (value.cpp).
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string scalar(std::string_view text) {
  return is_plain(text) ? std::string(text) : quoted(text);
}

std::string prose_lines(const std::string& prose, const std::string& indent) {
  std::string out;
  std::string line = indent + "#";
  std::istringstream words(prose);
  for (std::string word; words >> word;) {
    if (line.size() + 1 + word.size() > kWidth && line.size() > indent.size() + 1) {
      out += line + "\n";
      line = indent + "#";
    }
    line += " " + word;
  }
  return out + line + "\n";
}

std::vector<std::string> split_path(const std::string& path) {
  std::vector<std::string> parts;
  std::istringstream stream(path);
  for (std::string part; std::getline(stream, part, '.');) parts.push_back(part);
  return parts;
}

std::string indent_of(std::size_t depth) {
  return std::string(2 * depth, ' ');
}

}  // namespace

std::string to_yaml(const Key& key) {
  if (!is_list(key)) return scalar(get_value(key));
  std::string out;
  for (const auto& entry : *std::get<std::vector<std::string>*>(key.target)) {
    out += (out.empty() ? "" : ", ") + scalar(entry);
  }
  return "[" + out + "]";
}

// A commented key has no space after its '#', prose has: deleting the '#' makes the key live.
std::string print_yaml(const std::vector<Key>& keys, const std::vector<std::string>& set,
                       const std::string& title) {
  std::string out = prose_lines(title, "");
  std::vector<std::string> open;  // the sections around the last key
  for (const auto& key : keys) {
    auto parts = split_path(key.path);
    const std::string name = parts.back();
    parts.pop_back();
    out += "\n";
    const auto [differs, ignored] =
        std::mismatch(parts.begin(), parts.end(), open.begin(), open.end());
    for (auto part = differs; part != parts.end(); ++part) {
      out += indent_of(static_cast<std::size_t>(part - parts.begin()));
      out.append(*part).append(":\n");
    }
    open = parts;
    const auto indent = indent_of(parts.size());
    const bool live = std::find(set.begin(), set.end(), key.path) != set.end();
    out += prose_lines(key.prose, indent);
    out.append(indent).append(live ? "" : "#");
    out.append(name).append(": ").append(to_yaml(key)).append("\n");
  }
  return out;
}

}  // namespace edge::config
