// The rows of settings that hold for a while. Every function runs inside the caller's transaction
// and throws what SOCI throws.
#pragma once

#include <soci/soci.h>

#include <string>
#include <vector>

#include "store/store.hpp"

namespace edge::store {

std::vector<TemporarySetting> read_temporary_settings(soci::session& session);
void upsert_temporary_setting(soci::session& session, const TemporarySetting& setting);
void delete_temporary_setting(soci::session& session, const EndpointId& scope,
                              const std::string& key);
// All that an endpoint has.
void delete_temporary_settings(soci::session& session, const EndpointId& scope);

}  // namespace edge::store
