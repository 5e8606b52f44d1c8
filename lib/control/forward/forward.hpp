// edgectl forward: ports and sockets of this machine that are the node's, and the other way, for as
// long as it runs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "control/forward/forward_spec.hpp"

namespace edge::control {

class Background;

struct ForwardOptions {
  std::string socket;  // edged's
  std::string endpoint, instance, user;
  std::vector<ForwardSpec> specs;
  std::optional<milliseconds> wait;     // for an endpoint that is offline
  std::optional<milliseconds> timeout;  // until everything stands
  std::uint64_t limit = 0;              // bytes a second each way; 0: none
  std::filesystem::path state_folder;
  bool json = false, quiet = false;
  Background* background = nullptr;  // to go to when everything stands; null: stays
};

// The exit code. Listeners stand before the node is asked for, and nobody is accepted before the
// session is there.
int forward(const ForwardOptions& options);

}  // namespace edge::control
