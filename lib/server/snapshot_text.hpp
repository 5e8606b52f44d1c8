// A snapshot as an agent sent it: hostile text until it has passed here.
#pragma once

#include <string_view>

namespace edge::server {

// JSON, an object with kind "Snapshot", not nested deeper than any snapshot is.
bool is_snapshot(std::string_view text);

}  // namespace edge::server
