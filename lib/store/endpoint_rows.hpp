// The rows of endpoints, their instances, settings and tombstones. Every function runs inside the
// caller's transaction and throws what SOCI throws; an Error that comes back means: roll back.
#pragma once

#include <soci/soci.h>

#include <string>
#include <vector>

#include "store/store.hpp"

namespace edge::store {

// Four queries, whatever the number of endpoints.
std::vector<EndpointRecord> read_endpoints(soci::session& session);

Result<void> insert_endpoint(soci::session& session, const EndpointRecord& endpoint);
// Stops at the first that fails.
Result<void> insert_endpoints(soci::session& session, const std::vector<EndpointRecord>& endpoints,
                              IfExists if_exists, std::set<std::string>& skipped);
Result<void> update_name(soci::session& session, const EndpointId& id, const std::string& name);
Result<void> delete_endpoint(soci::session& session, const EndpointId& id);
Result<void> update_token(soci::session& session, const EndpointRecord& endpoint);
Result<void> forget_association(soci::session& session, const EndpointId& id);
Result<void> set_association(soci::session& session, const EndpointId& id,
                             const std::string& edge_id_hash, const Secret& key);

bool has_endpoint(soci::session& session, const EndpointId& id);
void upsert_endpoint_setting(soci::session& session, const EndpointId& id, const std::string& key,
                             const std::string& value);
void delete_endpoint_setting(soci::session& session, const EndpointId& id, const std::string& key);

// Writes what differs.
void update_labels(soci::session& session, const EndpointId& id, const Labels& before,
                   const Labels& after);
// As Store::change_labels.
Result<void> change_labels(soci::session& session, const std::vector<EndpointId>& ids,
                           const LabelRule& rule, std::map<EndpointId, Labels>& after);

std::vector<Tombstone> read_tombstones(soci::session& session);
void upsert_tombstone(soci::session& session, const Tombstone& tombstone);

}  // namespace edge::store
