// A temporary file that never has a name, or has one for a moment only.
#pragma once

#include <string>

namespace edge::control {

// To read and write, close-on-exec; negative: errno says why not.
int open_nameless(const std::string& folder);

}  // namespace edge::control
