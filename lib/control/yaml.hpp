// An answer of the API as YAML (1.2, and no other for 1.1): for -o yaml. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace edge::control {

// Block style, two blanks a level, with a newline at the end. Text that could be read as something
// else, or that is not plain ASCII, is quoted, so that nothing hostile reaches a terminal.
std::string print_yaml(const nlohmann::json& value);

}  // namespace edge::control
