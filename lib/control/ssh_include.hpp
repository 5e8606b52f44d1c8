// The one line of ~/.ssh/config that is ours. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace edge::control {

// Whether the text includes one of these names for every host: before the first Host or Match, or
// below one that is for all (Host *, Match all).
bool includes_for_all(std::string_view config, const std::vector<std::string>& names);

// The text with `Include edge.conf` at its top, where no Host or Match bounds it and nothing that
// follows comes first. All else stays as it is.
std::string with_include(std::string_view config);

}  // namespace edge::control
