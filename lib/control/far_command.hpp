// What a far shell is given.
#pragma once

#include <string>
#include <vector>

namespace edge::control {

// Words after -- with a blank between each two, as ssh does: the far shell splits them again.
std::string far_command(const std::vector<std::string>& words);

}  // namespace edge::control
