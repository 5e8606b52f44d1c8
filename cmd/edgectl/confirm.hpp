// Asking before something is lost.
#pragma once

#include <string>

#include "edgectl/context.hpp"

namespace edge::edgectl {

// Success when the operator agrees, or has said --yes. `command` is what --yes is added to in the
// hint.
Result<void> agree(Context& context, const std::string& question, const std::string& command);

}  // namespace edge::edgectl
