// Which variables of ours a far command gets.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace edge::edgectl {

using Variables = std::vector<std::pair<std::string, std::string>>;

// What ssh offers by default on Debian (SendEnv), and what colours depend on.
Variables offered_environment();

// NAME=VALUE, or NAME for what it is here; each in the place of what is offered anyway.
Result<void> add_variables(const std::vector<std::string>& words, Variables& offered);

}  // namespace edge::edgectl
