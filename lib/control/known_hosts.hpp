// edgectl's own memory of the host keys of instances: what edged says is checked against what was
// seen before.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace edge::control {

// Remembers the key of a new instance; the same key again is fine; another one is refused
// (Errc::not_allowed) with the file and line to look at. `instance` is "ENDPOINT-ID.INSTANCE-ID".
Result<void> check_known_host(const std::filesystem::path& folder, const std::string& instance,
                              const std::string& host_key);

struct InstanceKey {
  std::string instance;  // "ENDPOINT-ID.INSTANCE-ID"
  std::string host_key;  // "ssh-ed25519 AAAA..."
};

// Of many the ones that check_known_host() would take, which are remembered from now on.
Result<std::vector<InstanceKey>> take_known_hosts(const std::filesystem::path& folder,
                                                  const std::vector<InstanceKey>& keys);

}  // namespace edge::control
