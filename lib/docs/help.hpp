// --help: examples first, one screen a command.
#pragma once

#include <string>

#include "docs/tree.hpp"

namespace CLI {
class App;
}

namespace edge::docs {

std::string help_of(const Command& command);

// Makes help_of() the --help of the app and of every command added to it afterwards, and words
// --help itself.
void use_help(CLI::App& app);

}  // namespace edge::docs
