#include "store/history_rows.hpp"

#include <algorithm>

#include "store/columns.hpp"
#include "store/sql.hpp"

namespace edge::store {

std::map<std::string, std::string> read_settings(soci::session& session) {
  std::string name, value;
  soci::statement rows =
      (session.prepare << "SELECT name, value FROM setting", soci::into(name), soci::into(value));
  std::map<std::string, std::string> settings;
  rows.execute();
  while (rows.fetch()) settings[name] = value;
  return settings;
}

void upsert_setting(soci::session& session, const std::string& key, const std::string& value) {
  run(session,
      "INSERT INTO setting (name, value) VALUES (:n, :v) "
      "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
      key, value);
}

void delete_setting(soci::session& session, const std::string& key) {
  run(session, "DELETE FROM setting WHERE name = :n", key);
}

void upsert_snapshot(soci::session& session, const SnapshotRecord& snapshot) {
  run(session,
      "INSERT INTO snapshot (endpoint_id, instance_id, taken_ms, body) VALUES (:e, :i, :t, :b) "
      "ON CONFLICT (endpoint_id, instance_id) DO UPDATE SET taken_ms = excluded.taken_ms, "
      "body = excluded.body",
      snapshot.endpoint.text, snapshot.instance.text, to_column(snapshot.taken), snapshot.body);
}

std::vector<SnapshotRecord> read_snapshots(soci::session& session, const EndpointId& id) {
  SnapshotRecord row;
  row.endpoint = id;
  long long taken = 0;
  soci::statement rows =
      (session.prepare << "SELECT instance_id, taken_ms, body FROM snapshot "
                          "WHERE endpoint_id = :e ORDER BY taken_ms DESC, instance_id",
       soci::into(row.instance.text), soci::into(taken), soci::into(row.body), soci::use(id.text));
  std::vector<SnapshotRecord> snapshots;
  rows.execute();
  while (rows.fetch()) {
    row.taken = time_from(taken);
    snapshots.push_back(row);
  }
  return snapshots;
}

// Numbered here and not by the database: the same SQL everywhere, and no gaps, so that the highest
// number tells which ones are too old.
void insert_event(soci::session& session, const EventRecord& event) {
  run(session,
      "INSERT INTO event (seq, at_ms, kind, endpoint_id, instance_id, operator_name, body) "
      "SELECT COALESCE(MAX(seq), 0) + 1, :t, :k, :e, :i, :o, :b FROM event",
      to_column(event.time), event.kind, event.endpoint.text, event.instance.text,
      event.operator_name, event.text);
  run(session, "DELETE FROM event WHERE seq <= (SELECT MAX(seq) FROM event) - :kept", kEventsKept);
}

std::vector<EventRecord> read_events(soci::session& session, const EndpointId& id,
                                     std::size_t most) {
  EventRecord row;
  long long time = 0;
  const long long limit = static_cast<long long>(std::min<std::size_t>(most, kEventsKept));
  soci::statement rows(session);
  rows.exchange(soci::into(time));
  rows.exchange(soci::into(row.kind));
  rows.exchange(soci::into(row.endpoint.text));
  rows.exchange(soci::into(row.instance.text));
  rows.exchange(soci::into(row.operator_name));
  rows.exchange(soci::into(row.text));
  if (!id.empty()) rows.exchange(soci::use(id.text));
  rows.exchange(soci::use(limit));
  rows.alloc();
  rows.prepare(
      std::string("SELECT at_ms, kind, endpoint_id, instance_id, operator_name, body FROM event ") +
      (id.empty() ? "" : "WHERE endpoint_id = :e ") + "ORDER BY seq DESC LIMIT :m");
  rows.define_and_bind();
  std::vector<EventRecord> events;
  rows.execute();
  while (rows.fetch()) {
    row.time = time_from(time);
    events.push_back(row);
  }
  return events;
}

}  // namespace edge::store
