// A script of the operator's, run on a node and not left there. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace edge::control {

// The command that takes a script of `size` bytes from its stdin, and runs it with these arguments;
// what comes behind the script is the script's own stdin. It is a file for the blink of an eye, and
// has no name any more when its first byte arrives: nothing is left behind, wherever the session is
// cut. In the first folder whose files may be run: a /tmp without is no obstacle. For any login
// shell; needs sh, mktemp, chmod, rm, wc and dd.
std::string far_script_command(std::size_t size, const std::vector<std::string>& arguments);

// A word for sh (and bash, fish, csh) that is this text and nothing else.
std::string shell_word(const std::string& text);

}  // namespace edge::control
