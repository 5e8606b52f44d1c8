// edgectl's own memory of the host keys of instances: what edged says is checked against what was
// seen before.
#pragma once

#include <filesystem>
#include <string>
#include <unordered_map>
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

// For a run over many: what was seen before is read once, and what is new is written together.
// Thread rule: one thread.
class HostKeyMemory {
 public:
  explicit HostKeyMemory(std::filesystem::path folder);
  // As check_known_host(), but a new one is in the file only after save().
  Result<void> check(const std::string& instance, const std::string& host_key);
  Result<void> save();

 private:
  const std::filesystem::path folder_;
  bool loaded_ = false;
  struct Line {
    std::string host_key;
    int number = 0;  // 0: new
  };
  std::unordered_map<std::string, Line> known_;
  std::vector<InstanceKey> unsaved_;
};

}  // namespace edge::control
