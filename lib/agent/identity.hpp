// Who this node is to edged: what `join` stores and `run` works with. One file, 0600, in the state
// folder (0700).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/secret.hpp"
#include "wire/token.hpp"

namespace edge::agent {

struct Identity {
  EndpointId endpoint;
  std::string name;  // of the endpoint, for people
  InstanceId instance;
  std::vector<std::string> urls, pins, host_keys;
  std::string tunnel;
  Secret edge_id;  // a UUID; kept so that joining again keeps it
  Secret secret;   // of the token, until it is associated
  bool associated = false;
  Secret key;  // K, once derived
};

class IdentityFolder {
 public:
  explicit IdentityFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // Nothing: never joined. Errors: unreadable, readable by others, not what we wrote.
  Result<std::optional<Identity>> load() const;
  Result<void> save(const Identity& identity) const;
  Result<void> forget() const;  // everything, the host key too

  // The session server's ed25519 key in OpenSSH's format; made on the first call.
  Result<Secret> host_key() const;

  // A number above every one that an earlier run used, also when the clock went back: unix
  // microseconds, or what the file says. The next run will start above `first + 2^32`.
  Result<std::uint64_t> first_counter() const;

  const std::filesystem::path& path() const noexcept { return folder_; }

 private:
  std::filesystem::path folder_;
};

// The identity that a token and an edge ID make, keeping instance and edge ID of `old` when it is
// of the same endpoint. `edge_id`: empty for "make one, or keep the old one".
Identity identity_from(const wire::Token& token, const std::string& edge_id,
                       const std::optional<Identity>& old);

}  // namespace edge::agent
