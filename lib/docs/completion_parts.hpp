// What the generators of completions share: the tree laid flat, and shell quoting.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "docs/tree.hpp"

namespace edge::docs {

// Every command of the tree, the program first.
std::vector<const Command*> all_commands(const Command& program);

// Every flag that takes a value, wherever in the tree, each spelling once. REQUIRES: a flag's
// spelling takes a value everywhere or nowhere.
std::vector<const Flag*> value_flags(const Command& program);

// What a command adds to the flags of the program: --help is among those already.
std::vector<Flag> own_flags(const Command& command);

std::string join(const std::vector<std::string>& words, std::string_view separator);
std::string each(const std::vector<std::string>& words, std::string_view separator,
                 const std::function<std::string(const std::string&)>& change);

// For bash and zsh: 'it'\''s'.
std::string shell_quote(std::string_view text);
// For fish: 'it\'s'.
std::string fish_quote(std::string_view text);

// The same word under all of its names: "endpoint", "endpoints", "ep".
std::vector<std::string> names_of(const Command& command);

}  // namespace edge::docs
