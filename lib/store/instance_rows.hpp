// The rows of instances. As in endpoint_rows.hpp: inside the caller's transaction, throwing what
// SOCI throws.
#pragma once

#include <soci/soci.h>

#include <functional>
#include <string>
#include <vector>

#include "store/store.hpp"

namespace edge::store {

// The oldest association first.
void for_each_instance(
    soci::session& session,
    const std::function<void(const std::string& endpoint, InstanceRecord&&)>& take);

void upsert_instance(soci::session& session, const EndpointId& id, const InstanceRecord& instance);
Result<void> delete_instance(soci::session& session, const EndpointId& id,
                             const InstanceId& instance);

// Instances that were removed meanwhile are passed over.
void update_last_seen(soci::session& session, const std::vector<LastSeen>& batch);

}  // namespace edge::store
