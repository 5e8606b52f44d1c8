#include "control/ssh_include.hpp"

#include <algorithm>
#include <cctype>

namespace edge::control {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\f';
}

// Words of a line as ssh parts them: blanks, "..." and '...', a backslash before what is special,
// and = after the keyword. Nothing of a comment.
std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  std::size_t at = 0;
  while (at < line.size()) {
    const bool after_keyword = words.size() == 1;
    while (at < line.size() && (is_space(line[at]) || (after_keyword && line[at] == '='))) ++at;
    if (at == line.size() || line[at] == '#') break;
    std::string word;
    char quote = 0;
    for (; at < line.size(); ++at) {
      const char c = line[at];
      const char next = at + 1 < line.size() ? line[at + 1] : '\0';
      const bool escapes =
          c == '\\' && (next == '"' || next == '\'' || next == '\\' || (quote == 0 && next == ' '));
      if (escapes) {
        word += line[++at];
      } else if (quote == 0 && (c == '"' || c == '\'')) {
        quote = c;
      } else if (quote != 0 && c == quote) {
        quote = 0;
      } else if (quote == 0 && (is_space(c) || (words.empty() && c == '='))) {
        break;
      } else {
        word += c;
      }
    }
    words.push_back(std::move(word));
  }
  return words;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  return text;
}

bool contains(const std::vector<std::string>& words, std::string_view wanted) {
  return std::find(words.begin() + 1, words.end(), wanted) != words.end();
}

// REQUIRES: a Host or a Match.
bool is_for_all(const std::vector<std::string>& words) {
  if (words.size() == 2 && lower(words.front()) == "match") return lower(words[1]) == "all";
  const bool excepts = std::any_of(words.begin() + 1, words.end(), [](const std::string& word) {
    return !word.empty() && word.front() == '!';
  });
  return lower(words.front()) == "host" && contains(words, "*") && !excepts;
}

}  // namespace

bool includes_for_all(std::string_view config, const std::vector<std::string>& names) {
  bool for_all = true;
  while (!config.empty()) {
    const auto line = config.substr(0, config.find('\n'));
    config.remove_prefix(std::min(config.size(), line.size() + 1));
    const auto words = words_of(line);
    if (words.empty()) continue;
    const auto keyword = lower(words.front());
    if (keyword == "host" || keyword == "match") for_all = is_for_all(words);
    if (keyword != "include" || !for_all) continue;
    const bool ours = std::any_of(names.begin(), names.end(), [&words](const std::string& name) {
      return contains(words, name);
    });
    if (ours) return true;
  }
  return false;
}

std::string with_include(std::string_view config) {
  return "# NAME.edge, by edgectl ssh-config; before all else, for ssh takes the first value.\n"
         "Include edge.conf\n" +
         std::string(config.empty() ? "" : "\n") + std::string(config);
}

}  // namespace edge::control
