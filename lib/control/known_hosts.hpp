// edgectl's own memory of the host keys of instances: what edged says is checked against what was
// seen before.
#pragma once

#include <filesystem>
#include <string>

#include "base/error.hpp"

namespace edge::control {

// Remembers the key of a new instance; the same key again is fine; another one is refused
// (Errc::not_allowed) with the file and line to look at. `instance` is "ENDPOINT-ID.INSTANCE-ID".
Result<void> check_known_host(const std::filesystem::path& folder, const std::string& instance,
                              const std::string& host_key);

}  // namespace edge::control
