// What was wrong with a command line, in our words instead of CLI11's.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace edge::edgectl {

// Errc::usage, with "did you mean" for commands and flags, and the --help to read as the hint.
Error explain_parse_error(const CLI::App& program, const CLI::ParseError& error,
                          const std::vector<std::string>& arguments);

// The innermost command that was recognised.
const CLI::App& innermost(const CLI::App& program);

}  // namespace edge::edgectl
