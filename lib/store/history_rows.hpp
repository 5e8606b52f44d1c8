// The rows of settings, snapshots and events. As in endpoint_rows.hpp: inside the caller's
// transaction, throwing what SOCI throws.
#pragma once

#include <soci/soci.h>

#include <map>
#include <string>
#include <vector>

#include "store/store.hpp"

namespace edge::store {

inline constexpr long long kEventsKept = 100'000;

std::map<std::string, std::string> read_settings(soci::session& session);
void upsert_setting(soci::session& session, const std::string& key, const std::string& value);
void delete_setting(soci::session& session, const std::string& key);

void upsert_snapshot(soci::session& session, const SnapshotRecord& snapshot);
std::vector<SnapshotRecord> read_snapshots(soci::session& session, const EndpointId& id);

void insert_event(soci::session& session, const EventRecord& event);  // and drops what is too old
// No endpoint: the events of all.
std::vector<EventRecord> read_events(soci::session& session, const EndpointId& id,
                                     std::size_t most);

}  // namespace edge::store
