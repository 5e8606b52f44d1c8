// Who may belong to an endpoint: the rule of the first association and of every later join. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/ids.hpp"
#include "base/time.hpp"

namespace edge::fleet {

inline constexpr std::size_t kInstancesPerEndpoint = 64;

// What is known of the endpoint; hashes are SHA-256, 32 bytes.
struct AssociationState {
  std::string token_hash;
  std::uint32_t generation = 0;  // of the token
  std::optional<WallTime> token_expires;
  std::optional<std::string> edge_id_hash;
  std::map<InstanceId, std::string> host_keys;  // of its instances
};

struct AssociationClaim {
  std::string token_hash, edge_id_hash;
  InstanceId instance;
  std::string host_key;
};

enum class AssociationVerdict {
  associate,         // the first one: binds the edge ID
  add_instance,      // edge ID matches, a new instance
  known,             // the same instance with the same host key: nothing changes
  unauthorized,      // wrong token or wrong edge ID: one answer for all
  expired,           // right token, nobody associated in time
  host_key_changed,  // a known instance shows another host key
  too_many,          // the endpoint is full
};

AssociationVerdict decide(const AssociationState& endpoint, const AssociationClaim& claim,
                          WallTime now);

}  // namespace edge::fleet
