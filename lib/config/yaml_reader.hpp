// YAML text as a flat list of "path: value" with line numbers. The only place that names yaml-cpp.
//
// Works on parser events, not on a tree: nothing is expanded, so neither anchors nor nesting can
// grow memory.
#pragma once

#include <string>
#include <vector>

namespace edge::config {

struct YamlEntry {
  enum class Kind { scalar, list, empty };
  std::string path;  // "poll.listen": the keys on the way, joined with dots
  int line = 0;      // from 1
  Kind kind = Kind::empty;
  std::vector<std::string> texts;  // one for a scalar
};

struct YamlMistake {
  int line = 0;
  std::string message;
};

struct YamlContent {
  std::vector<YamlEntry> entries;
  std::vector<YamlMistake> mistakes;  // at most kMaxMistakes
};

inline constexpr std::size_t kMaxMistakes = 50;

// Never throws. Duplicate keys, aliases, lists of anything but text and second documents are
// mistakes.
YamlContent read_yaml(const std::string& text);

}  // namespace edge::config
