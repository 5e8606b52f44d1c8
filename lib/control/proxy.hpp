// `edgectl proxy`: what stock ssh and all that use it (scp, sftp, rsync, git, ansible) have for a
// connection, as their ProxyCommand: stdin and stdout, to the session server of an endpoint.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/time.hpp"

namespace edge::control {

struct ProxyOptions {
  std::string socket;
  std::string endpoint;
  std::string instance;  // empty: any
  std::optional<milliseconds> wait;
  bool quiet = false;
  std::filesystem::path state_folder;  // the operator's identity, known host keys
};

// Until either side has ended. Prints its own errors; gives the exit status.
int proxy(const ProxyOptions& options);

}  // namespace edge::control
