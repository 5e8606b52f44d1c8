#include "store/temporary_rows.hpp"

#include "store/columns.hpp"
#include "store/sql.hpp"

namespace edge::store {

std::vector<TemporarySetting> read_temporary_settings(soci::session& session) {
  std::string scope, key, value;
  long long until = 0;
  soci::statement rows =
      (session.prepare << "SELECT endpoint_id, name, value, until_ms FROM temporary_setting",
       soci::into(scope), soci::into(key), soci::into(value), soci::into(until));
  std::vector<TemporarySetting> settings;
  rows.execute();
  while (rows.fetch()) settings.push_back({EndpointId{scope}, key, value, time_from(until)});
  return settings;
}

void upsert_temporary_setting(soci::session& session, const TemporarySetting& setting) {
  run(session,
      "INSERT INTO temporary_setting (endpoint_id, name, value, until_ms) VALUES (:i, :n, :v, :u) "
      "ON CONFLICT (endpoint_id, name) DO UPDATE SET value = excluded.value, "
      "until_ms = excluded.until_ms",
      setting.scope.text, setting.key, setting.value, to_column(setting.until));
}

void delete_temporary_setting(soci::session& session, const EndpointId& scope,
                              const std::string& key) {
  run(session, "DELETE FROM temporary_setting WHERE endpoint_id = :i AND name = :n", scope.text,
      key);
}

void delete_temporary_settings(soci::session& session, const EndpointId& scope) {
  run(session, "DELETE FROM temporary_setting WHERE endpoint_id = :i", scope.text);
}

}  // namespace edge::store
