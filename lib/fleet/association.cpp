#include "fleet/association.hpp"

#include "base/secret.hpp"

namespace edge::fleet {

AssociationVerdict decide(const AssociationState& endpoint, const AssociationClaim& claim,
                          WallTime now) {
  if (!equal_in_constant_time(endpoint.token_hash, claim.token_hash))
    return AssociationVerdict::unauthorized;
  if (!endpoint.edge_id_hash) {
    const bool late = endpoint.token_expires && now >= *endpoint.token_expires;
    return late ? AssociationVerdict::expired : AssociationVerdict::associate;
  }
  if (!equal_in_constant_time(*endpoint.edge_id_hash, claim.edge_id_hash))
    return AssociationVerdict::unauthorized;
  const auto known = endpoint.host_keys.find(claim.instance);
  if (known != endpoint.host_keys.end()) {
    return known->second == claim.host_key ? AssociationVerdict::known
                                           : AssociationVerdict::host_key_changed;
  }
  if (endpoint.host_keys.size() >= kInstancesPerEndpoint) return AssociationVerdict::too_many;
  return AssociationVerdict::add_instance;
}

}  // namespace edge::fleet
