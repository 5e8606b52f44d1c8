// The durable state of edged. The only place that names SQL.
//
// Everything here is synchronous and durable when it returns (SQLite: WAL, synchronous=FULL), or
// when together() does. The
// same SQL is meant for PostgreSQL, so columns are TEXT and BIGINT, bytes are hex text, and times
// are unix milliseconds. Thread rule: every function may be called from any thread (one mutex
// inside); none from an event loop.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"

namespace edge::store {

struct InstanceRecord {
  InstanceId id;
  std::string host_key;  // pinned at association: "ssh-ed25519 AAAA..."
  std::string version, platform, host_name;
  std::string address;  // last seen from
  WallTime associated{};
  std::optional<WallTime> last_seen;
};

struct EndpointRecord {
  EndpointId id;
  std::string name;
  WallTime created{};
  std::string url;                              // of its own; empty: edged's
  std::string token_hash;                       // SHA-256 of the secret, 32 bytes
  std::optional<WallTime> token_expires;        // nothing: never
  std::uint32_t generation = 0;                 // of the token; rises with each new one
  std::optional<std::string> edge_id_hash;      // SHA-256, nothing: not associated
  Secret key;                                   // K, empty: not associated
  std::map<std::string, std::string> settings;  // overrides, key path -> text
  std::map<std::string, std::string> labels;
  std::vector<InstanceRecord> instances;
};

// A setting that holds until a time, on top of what is set below it.
struct TemporarySetting {
  EndpointId scope;  // empty: of all endpoints
  std::string key, value;
  WallTime until{};
};

struct Tombstone {  // of a removed endpoint, so that its agents can be told
  EndpointId id;
  std::string name;
  Secret key;
  WallTime removed{};
};

struct SnapshotRecord {
  EndpointId endpoint;
  InstanceId instance;
  WallTime taken{};
  std::string body;  // JSON text
};

struct EventRecord {
  WallTime time{};
  std::string kind;  // "endpoint.created", "instance.cloned", ...
  EndpointId endpoint;
  InstanceId instance;
  std::string operator_name;  // who did it; empty: the system
  std::string text;
};

struct LastSeen {
  EndpointId endpoint;
  InstanceId instance;
  WallTime time{};
  std::string address;
};

enum class IfExists { refuse, skip };

using Labels = std::map<std::string, std::string>;
// What becomes of one endpoint's labels; the rules are not the store's.
using LabelRule = std::function<Result<Labels>(const Labels& before, const std::string& name)>;

class Store {
 public:
  virtual ~Store() = default;

  // Start-up: everything that the registry answers from.
  virtual Result<std::vector<EndpointRecord>> load_endpoints() = 0;
  virtual Result<std::vector<Tombstone>> load_tombstones() = 0;
  virtual Result<std::map<std::string, std::string>> load_settings() = 0;
  virtual Result<std::vector<TemporarySetting>> load_temporary_settings() = 0;

  // A duplicate name is Errc::conflict.
  virtual Result<void> create_endpoint(const EndpointRecord& endpoint) = 0;
  // All of them or none: one transaction. A name that exists already is Errc::conflict and named,
  // or skipped; gives the names that were.
  virtual Result<std::set<std::string>> create_endpoints(
      const std::vector<EndpointRecord>& endpoints, IfExists if_exists) = 0;
  virtual Result<void> rename_endpoint(const EndpointId& id, const std::string& name) = 0;
  // Deletes the endpoint with all that hangs on it; keeps the tombstone. One transaction.
  virtual Result<void> remove_endpoint(const EndpointId& id, const Tombstone& tombstone) = 0;
  // A new token: hash, expiry and generation; forgets edge ID, key and instances. One transaction.
  virtual Result<void> replace_token(const EndpointRecord& endpoint) = 0;
  // Forgets edge ID, key and instances.
  virtual Result<void> disassociate(const EndpointId& id) = 0;
  // The first association. Fails with Errc::conflict when the edge ID belongs to another endpoint
  // or this endpoint has one meanwhile (compare-and-set); adds the instance in the same
  // transaction.
  virtual Result<void> associate(const EndpointId& id, const std::string& edge_id_hash,
                                 const Secret& key, const InstanceRecord& instance) = 0;
  virtual Result<void> put_instance(const EndpointId& id, const InstanceRecord& instance) = 0;
  virtual Result<void> remove_instance(const EndpointId& id, const InstanceId& instance) = 0;
  // An empty value removes the override.
  virtual Result<void> put_endpoint_setting(const EndpointId& id, const std::string& key,
                                            const std::string& value) = 0;
  // Each one's labels are read, given to the rule, and written as it says: all of them or none, one
  // transaction, and the first refusal of the rule is the answer. Gives the labels afterwards, by
  // id; endpoints that were removed meanwhile are passed over.
  virtual Result<std::map<EndpointId, Labels>> change_labels(const std::vector<EndpointId>& ids,
                                                             const LabelRule& rule) = 0;
  // The same changes for each, one transaction; those that were removed meanwhile are passed over.
  virtual Result<void> put_endpoint_settings(const std::vector<EndpointId>& ids,
                                             const std::map<std::string, std::string>& changes) = 0;
  virtual Result<void> put_setting(const std::string& key, const std::string& value) = 0;
  // Takes the place of one for the same key; what is set below stays as it is.
  virtual Result<void> put_temporary_setting(const TemporarySetting& setting) = 0;
  virtual Result<void> remove_temporary_setting(const EndpointId& scope,
                                                const std::string& key) = 0;
  virtual Result<void> put_last_seen(const std::vector<LastSeen>& batch) = 0;  // one transaction

  // Replaces the instance's last one; goes when the instance goes.
  virtual Result<void> put_snapshot(const SnapshotRecord& snapshot) = 0;
  virtual Result<std::vector<SnapshotRecord>> snapshots(const EndpointId& id) = 0;  // newest first
  // Keeps the newest 100,000. Events outlive their endpoint.
  virtual Result<void> append_event(const EventRecord& event) = 0;
  // Newest first; an empty id means those of all.
  virtual Result<std::vector<EventRecord>> events(const EndpointId& id, std::size_t most) = 0;
  virtual Result<void> drop_tombstones_before(WallTime time) = 0;

  // One transaction around all that `work` calls here, from this thread: one wait for the disk.
  // What fails in it is undone alone; what succeeds is on disk when this succeeds, and counts for
  // nothing until then. When it fails, nothing of it remains.
  virtual Result<void> together(const std::function<void()>& work) = 0;
};

// Opens or creates FOLDER/edged.db (mode 0600) after taking an exclusive lock on FOLDER/lock.
// Errc::conflict: another edged has it (its pid is named when the lock file tells). Errc::usage:
// the schema is newer than this program (the file stays untouched, checked read-only before
// anything else). Errc::failure: not writable, not a database.
Result<std::unique_ptr<Store>> open_store(const std::filesystem::path& folder);

}  // namespace edge::store
