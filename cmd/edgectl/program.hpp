// The whole of edgectl but for the process around it: arguments and a world in, an exit status out.
#pragma once

#include <string>
#include <vector>

#include "edgectl/context.hpp"

namespace edge::edgectl {

// `arguments` without the program's name. Never throws.
int run_program(const std::vector<std::string>& arguments, World& world);

// What stands after the first "--" of a connect or exec belongs to the far side, word for word:
// CLI11 would take some of it apart. Empty for every other command.
struct SplitArguments {
  std::vector<std::string> ours;
  std::vector<std::string> far_command;
};
SplitArguments split_far_command(const std::vector<std::string>& arguments);

}  // namespace edge::edgectl
