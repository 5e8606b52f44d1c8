#include <mutex>
#include <utility>

#include "store/columns.hpp"
#include "store/endpoint_rows.hpp"
#include "store/history_rows.hpp"
#include "store/instance_rows.hpp"
#include "store/lock.hpp"
#include "store/savepoint.hpp"
#include "store/sql.hpp"
#include "store/sql_failure.hpp"
#include "store/sqlite_file.hpp"
#include "store/store.hpp"
#include "store/temporary_rows.hpp"

namespace edge::store {
namespace {

class SqliteStore final : public Store {
 public:
  explicit SqliteStore(std::unique_ptr<FolderLock> lock) : lock_(std::move(lock)) {}

  Result<void> open(const std::filesystem::path& file) { return open_file(session_, file); }

  Result<std::vector<EndpointRecord>> load_endpoints() override {
    return look("cannot load the endpoints", [&] { return read_endpoints(session_); });
  }
  Result<std::vector<Tombstone>> load_tombstones() override {
    return look("cannot load the tombstones", [&] { return read_tombstones(session_); });
  }
  Result<std::map<std::string, std::string>> load_settings() override {
    return look("cannot load the settings", [&] { return read_settings(session_); });
  }
  Result<std::vector<TemporarySetting>> load_temporary_settings() override {
    return look("cannot load the temporary settings",
                [&] { return read_temporary_settings(session_); });
  }

  Result<void> create_endpoint(const EndpointRecord& endpoint) override {
    return change("cannot create endpoint " + endpoint.name,
                  [&] { return insert_endpoint(session_, endpoint); });
  }
  Result<std::set<std::string>> create_endpoints(const std::vector<EndpointRecord>& endpoints,
                                                 IfExists if_exists) override {
    std::set<std::string> skipped;
    auto created = change("cannot create " + std::to_string(endpoints.size()) + " endpoints", [&] {
      return insert_endpoints(session_, endpoints, if_exists, skipped);
    });
    if (!created) return created.error();
    return skipped;
  }
  Result<void> rename_endpoint(const EndpointId& id, const std::string& name) override {
    return change("cannot rename endpoint " + id.text + " to " + name,
                  [&] { return update_name(session_, id, name); });
  }
  Result<void> remove_endpoint(const EndpointId& id, const Tombstone& tombstone) override {
    return change("cannot remove endpoint " + id.text, [&]() -> Result<void> {
      if (auto deleted = delete_endpoint(session_, id); !deleted) return deleted;
      delete_temporary_settings(session_, id);
      upsert_tombstone(session_, tombstone);
      return {};
    });
  }
  Result<void> replace_token(const EndpointRecord& endpoint) override {
    return change("cannot replace the token of endpoint " + endpoint.id.text,
                  [&]() -> Result<void> {
                    if (auto updated = update_token(session_, endpoint); !updated) return updated;
                    return forget_association(session_, endpoint.id);
                  });
  }
  Result<void> disassociate(const EndpointId& id) override {
    return change("cannot disassociate endpoint " + id.text,
                  [&] { return forget_association(session_, id); });
  }
  Result<void> associate(const EndpointId& id, const std::string& edge_id_hash, const Secret& key,
                         const InstanceRecord& instance) override {
    return change("cannot associate endpoint " + id.text, [&]() -> Result<void> {
      if (auto set = set_association(session_, id, edge_id_hash, key); !set) return set;
      upsert_instance(session_, id, instance);
      return {};
    });
  }
  Result<void> put_instance(const EndpointId& id, const InstanceRecord& instance) override {
    return write("cannot keep instance " + instance.id.text + " of endpoint " + id.text,
                 [&] { upsert_instance(session_, id, instance); });
  }
  Result<void> remove_instance(const EndpointId& id, const InstanceId& instance) override {
    return change("cannot remove instance " + instance.text,
                  [&] { return delete_instance(session_, id, instance); });
  }
  Result<void> put_endpoint_setting(const EndpointId& id, const std::string& key,
                                    const std::string& value) override {
    return write("cannot set " + key + " of endpoint " + id.text, [&] {
      if (value.empty()) return delete_endpoint_setting(session_, id, key);
      upsert_endpoint_setting(session_, id, key, value);
    });
  }
  Result<std::map<EndpointId, Labels>> change_labels(const std::vector<EndpointId>& ids,
                                                     const LabelRule& rule) override {
    std::map<EndpointId, Labels> after;
    auto changed =
        change("cannot label", [&] { return store::change_labels(session_, ids, rule, after); });
    if (!changed) return changed.error();
    return after;
  }
  Result<void> put_endpoint_settings(const std::vector<EndpointId>& ids,
                                     const std::map<std::string, std::string>& changes) override {
    return write("cannot change the settings of " + std::to_string(ids.size()) + " endpoints", [&] {
      for (const auto& id : ids) {
        for (const auto& [key, value] : changes) {
          if (value.empty()) {
            delete_endpoint_setting(session_, id, key);
          } else if (has_endpoint(session_, id)) {
            upsert_endpoint_setting(session_, id, key, value);
          }
        }
      }
    });
  }
  Result<void> put_setting(const std::string& key, const std::string& value) override {
    return write("cannot set " + key, [&] {
      if (value.empty()) return delete_setting(session_, key);
      upsert_setting(session_, key, value);
    });
  }
  Result<void> put_temporary_setting(const TemporarySetting& setting) override {
    return write("cannot set " + setting.key + " for a while",
                 [&] { upsert_temporary_setting(session_, setting); });
  }
  Result<void> remove_temporary_setting(const EndpointId& scope, const std::string& key) override {
    return write("cannot end the temporary " + key,
                 [&] { delete_temporary_setting(session_, scope, key); });
  }
  Result<void> put_last_seen(const std::vector<LastSeen>& batch) override {
    return write("cannot keep when agents were last seen",
                 [&] { update_last_seen(session_, batch); });
  }

  Result<void> put_snapshot(const SnapshotRecord& snapshot) override {
    return write(
        "cannot keep the snapshot of " + snapshot.endpoint.text + "/" + snapshot.instance.text,
        [&] { upsert_snapshot(session_, snapshot); });
  }
  Result<std::vector<SnapshotRecord>> snapshots(const EndpointId& id) override {
    return look("cannot read the snapshots of endpoint " + id.text,
                [&] { return read_snapshots(session_, id); });
  }
  Result<void> append_event(const EventRecord& event) override {
    return write("cannot keep the event " + event.kind, [&] { insert_event(session_, event); });
  }
  Result<std::vector<EventRecord>> events(const EndpointId& id, std::size_t most) override {
    return look("cannot read the events", [&] { return read_events(session_, id, most); });
  }
  Result<void> drop_tombstones_before(WallTime time) override {
    return write("cannot drop old tombstones", [&] {
      run(session_, "DELETE FROM tombstone WHERE removed_ms < :t", to_column(time));
    });
  }

  // BEGIN waits for nobody: the folder's lock keeps other writers away, the mutex other threads.
  // A commit that fails (disk full) is rolled back before its error is given.
  Result<void> together(const std::function<void()>& work) override {
    const std::lock_guard guard(mutex_);
    return guarded("cannot write to the store", [&]() -> Result<void> {
      soci::transaction transaction(session_);
      in_group_ = true;
      const auto leave =
          std::unique_ptr<bool, void (*)(bool*)>(&in_group_, [](bool* in) { *in = false; });
      work();
      if (!in_transaction(session_)) {
        return fail(Errc::unavailable, "the database gave up the transaction",
                    "check the disk: df, dmesg");
      }
      transaction.commit();
      return {};
    });
  }

 private:
  // One transaction, so that several queries see one state.
  template <class Read>
  auto look(const std::string& what, Read read) -> Result<decltype(read())> {
    const std::lock_guard guard(mutex_);
    return guarded(what, [&]() -> Result<decltype(read())> {
      if (in_group_) return read();
      const soci::transaction transaction(session_);
      return read();
    });
  }

  // One transaction, or a part of the group's: kept only when the work succeeded.
  template <class Work>
  Result<void> change(const std::string& what, Work work) {
    const std::lock_guard guard(mutex_);
    return guarded(what, [&]() -> Result<void> {
      if (in_group_) {
        Savepoint part(session_);
        if (Result<void> done = work(); !done) return named(done.error(), what);
        part.keep();
        return {};
      }
      soci::transaction transaction(session_);
      if (Result<void> done = work(); !done) return named(done.error(), what);
      transaction.commit();
      return {};
    });
  }

  static Error named(Error error, const std::string& what) {
    error.message = what + ": " + error.message;
    return error;
  }

  template <class Work>
  Result<void> write(const std::string& what, Work work) {
    return change(what, [&]() -> Result<void> {
      work();
      return {};
    });
  }

  const std::unique_ptr<FolderLock> lock_;  // first: given back after the session is closed
  std::recursive_mutex mutex_;              // together() holds it while its work calls the others
  bool in_group_ = false;                   // under mutex_
  soci::session session_;
};

// Nothing to wait for when edged starts: somebody has to look at the disk.
Error at_start(Error error) {
  if (error.code == Errc::unavailable) error.code = Errc::failure;
  return error;
}

}  // namespace

Result<std::unique_ptr<Store>> open_store(const std::filesystem::path& folder) {
  auto lock = FolderLock::take(folder);
  if (!lock) return lock.error();
  const auto file = folder / "edged.db";
  if (auto ours = inspect(file); !ours) return at_start(ours.error());
  auto store = std::make_unique<SqliteStore>(std::move(*lock));
  if (auto opened = store->open(file); !opened) return at_start(opened.error());
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace edge::store
