#include "store/schema.hpp"

#include <charconv>
#include <string>

#include "store/sql.hpp"
#include "store/sql_failure.hpp"

namespace edge::store {
namespace {

// Portable SQL: TEXT and BIGINT only, no auto-increment, bytes in hex, times in unix milliseconds
// (_ms).
const Migration kFirst{
    R"(CREATE TABLE endpoint (
         id TEXT PRIMARY KEY NOT NULL,
         name TEXT NOT NULL UNIQUE,
         created_ms BIGINT NOT NULL,
         url TEXT NOT NULL,
         token_hash TEXT NOT NULL,
         token_expires_ms BIGINT,
         generation BIGINT NOT NULL,
         edge_id_hash TEXT UNIQUE,
         agent_key TEXT NOT NULL))",
    R"(CREATE TABLE instance (
         endpoint_id TEXT NOT NULL REFERENCES endpoint (id) ON DELETE CASCADE,
         id TEXT NOT NULL,
         host_key TEXT NOT NULL,
         version TEXT NOT NULL,
         platform TEXT NOT NULL,
         host_name TEXT NOT NULL,
         address TEXT NOT NULL,
         associated_ms BIGINT NOT NULL,
         last_seen_ms BIGINT,
         PRIMARY KEY (endpoint_id, id)))",
    R"(CREATE TABLE endpoint_setting (
         endpoint_id TEXT NOT NULL REFERENCES endpoint (id) ON DELETE CASCADE,
         name TEXT NOT NULL,
         value TEXT NOT NULL,
         PRIMARY KEY (endpoint_id, name)))",
    R"(CREATE TABLE setting (
         name TEXT PRIMARY KEY NOT NULL,
         value TEXT NOT NULL))",
    // With its instance a snapshot goes too: whoever joins again and again must not fill the disk.
    R"(CREATE TABLE snapshot (
         endpoint_id TEXT NOT NULL,
         instance_id TEXT NOT NULL,
         taken_ms BIGINT NOT NULL,
         body TEXT NOT NULL,
         PRIMARY KEY (endpoint_id, instance_id),
         FOREIGN KEY (endpoint_id, instance_id) REFERENCES instance (endpoint_id, id)
           ON DELETE CASCADE))",
    R"(CREATE TABLE tombstone (
         endpoint_id TEXT PRIMARY KEY NOT NULL,
         name TEXT NOT NULL,
         agent_key TEXT NOT NULL,
         removed_ms BIGINT NOT NULL))",
    R"(CREATE INDEX tombstone_removed ON tombstone (removed_ms))",
    // No foreign keys: events outlive what they tell about.
    R"(CREATE TABLE event (
         seq BIGINT PRIMARY KEY NOT NULL,
         at_ms BIGINT NOT NULL,
         kind TEXT NOT NULL,
         endpoint_id TEXT NOT NULL,
         instance_id TEXT NOT NULL,
         operator_name TEXT NOT NULL,
         body TEXT NOT NULL))",
    R"(CREATE INDEX event_of_endpoint ON event (endpoint_id, seq))",
};

const Migration kLabels{
    R"(CREATE TABLE endpoint_label (
         endpoint_id TEXT NOT NULL REFERENCES endpoint (id) ON DELETE CASCADE,
         name TEXT NOT NULL,
         value TEXT NOT NULL,
         PRIMARY KEY (endpoint_id, name)))",
};

// endpoint_id '' is of all endpoints, so no foreign key: whoever removes an endpoint removes these.
const Migration kTemporarySettings{
    R"(CREATE TABLE temporary_setting (
         endpoint_id TEXT NOT NULL,
         name TEXT NOT NULL,
         value TEXT NOT NULL,
         until_ms BIGINT NOT NULL,
         PRIMARY KEY (endpoint_id, name)))",
};

long long parse_version(const std::string& text) {
  long long version = 0;
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, version);
  if (parsed.ec != std::errc{} || parsed.ptr != end || version < 0) {
    throw BrokenRow("the schema version is not a number");
  }
  return version;
}

}  // namespace

const std::vector<Migration>& migrations() {
  static const std::vector<Migration> kAll{kFirst, kLabels, kTemporarySettings};
  return kAll;
}

long long schema_version(soci::session& session) {
  std::string text;
  session << "SELECT value FROM meta WHERE name = 'schema'", soci::into(text);
  return session.got_data() ? parse_version(text) : 0;
}

Result<void> check_version(long long version, std::size_t newest) {
  if (version <= static_cast<long long>(newest)) return {};
  return fail(Errc::usage,
              "the database was written by a newer edged (schema " + std::to_string(version) +
                  ", this one knows " + std::to_string(newest) + ")",
              "upgrade edged, or restore the backup made before the upgrade");
}

Result<void> migrate(soci::session& session, std::span<const Migration> steps) {
  soci::transaction transaction(session);
  run(session,
      "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL)");
  const auto from = schema_version(session);
  if (auto known = check_version(from, steps.size()); !known) return known;
  for (const auto& step : steps.subspan(static_cast<std::size_t>(from))) {
    for (const char* statement : step) run(session, statement);
  }
  run(session,
      "INSERT INTO meta (name, value) VALUES ('schema', :v) "
      "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
      std::to_string(steps.size()));
  transaction.commit();
  return {};
}

}  // namespace edge::store
