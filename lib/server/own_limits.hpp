// What the configuration leaves open is filled in from this machine: its name, and how many
// descriptors we may hold.
#pragma once

#include "config/settings.hpp"

namespace edge::server {

// What agents dial, where nothing was configured: the host's name and the ports that we listen on.
config::EdgedConfig with_own_addresses(config::EdgedConfig config);

// Raises RLIMIT_NOFILE to its hard limit and lowers limits.connections to what fits: accept() must
// never meet EMFILE.
config::EdgedConfig within_descriptors(config::EdgedConfig config);

}  // namespace edge::server
