#include "store/instance_rows.hpp"

#include "store/columns.hpp"
#include "store/sql.hpp"

namespace edge::store {

void for_each_instance(soci::session& session,
                       const std::function<void(const std::string&, InstanceRecord&&)>& take) {
  std::string endpoint;
  InstanceRecord row;
  long long associated = 0, last_seen = 0;
  soci::indicator seen{};
  soci::statement rows =
      (session.prepare
           << "SELECT endpoint_id, id, host_key, version, platform, host_name, address, "
              "associated_ms, last_seen_ms FROM instance ORDER BY associated_ms, id",
       soci::into(endpoint), soci::into(row.id.text), soci::into(row.host_key),
       soci::into(row.version), soci::into(row.platform), soci::into(row.host_name),
       soci::into(row.address), soci::into(associated), soci::into(last_seen, seen));
  rows.execute();
  while (rows.fetch()) {
    auto instance = row;
    instance.associated = time_from(associated);
    if (seen == soci::i_ok) instance.last_seen = time_from(last_seen);
    take(endpoint, std::move(instance));
  }
}

void upsert_instance(soci::session& session, const EndpointId& id, const InstanceRecord& instance) {
  run(session,
      "INSERT INTO instance (endpoint_id, id, host_key, version, platform, host_name, address, "
      "associated_ms, last_seen_ms) VALUES (:e, :i, :k, :v, :p, :h, :a, :t, :s) "
      "ON CONFLICT (endpoint_id, id) DO UPDATE SET host_key = excluded.host_key, "
      "version = excluded.version, platform = excluded.platform, host_name = excluded.host_name, "
      "address = excluded.address, associated_ms = excluded.associated_ms, "
      "last_seen_ms = excluded.last_seen_ms",
      id.text, instance.id.text, instance.host_key, instance.version, instance.platform,
      instance.host_name, instance.address, to_column(instance.associated),
      to_column(instance.last_seen));
}

Result<void> delete_instance(soci::session& session, const EndpointId& id,
                             const InstanceId& instance) {
  const auto deleted = run(session, "DELETE FROM instance WHERE endpoint_id = :e AND id = :i",
                           id.text, instance.text);
  if (deleted != 0) return {};
  return fail(Errc::not_found, "endpoint " + id.text + " has no instance " + instance.text);
}

// One statement prepared once: 15,000 rows must take a fraction of a second.
void update_last_seen(soci::session& session, const std::vector<LastSeen>& batch) {
  LastSeen row;
  long long time = 0;
  soci::statement update =
      (session.prepare << "UPDATE instance SET last_seen_ms = :t, address = :a "
                          "WHERE endpoint_id = :e AND id = :i",
       soci::use(time), soci::use(row.address), soci::use(row.endpoint.text),
       soci::use(row.instance.text));
  for (const auto& seen : batch) {
    row = seen;
    time = to_column(seen.time);
    update.execute(true);
  }
}

}  // namespace edge::store
