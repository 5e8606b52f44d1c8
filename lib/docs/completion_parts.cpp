#include "docs/completion_parts.hpp"

#include <algorithm>

namespace edge::docs {

std::vector<const Command*> all_commands(const Command& program) {
  std::vector<const Command*> all{&program};
  for (const auto& child : program.commands) {
    const auto below = all_commands(child);
    all.insert(all.end(), below.begin(), below.end());
  }
  return all;
}

std::vector<const Flag*> value_flags(const Command& program) {
  std::vector<const Flag*> flags;
  for (const Command* command : all_commands(program)) {
    for (const Flag& flag : command->flags) {
      const bool known = std::any_of(flags.begin(), flags.end(),
                                     [&](const Flag* other) { return other->names == flag.names; });
      if (!flag.value.empty() && !known) flags.push_back(&flag);
    }
  }
  return flags;
}

std::vector<Flag> own_flags(const Command& command) {
  std::vector<Flag> flags = command.flags;
  std::erase_if(flags, [](const Flag& flag) { return flag.names.back() == "--help"; });
  return flags;
}

std::string join(const std::vector<std::string>& words, std::string_view separator) {
  return each(words, separator, [](const std::string& word) { return word; });
}

std::string each(const std::vector<std::string>& words, std::string_view separator,
                 const std::function<std::string(const std::string&)>& change) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += separator;
    out += change(words[i]);
  }
  return out;
}

std::string shell_quote(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string fish_quote(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::vector<std::string> names_of(const Command& command) {
  std::vector<std::string> names{command.name};
  names.insert(names.end(), command.aliases.begin(), command.aliases.end());
  return names;
}

}  // namespace edge::docs
