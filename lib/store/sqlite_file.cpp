#include "store/sqlite_file.hpp"

#include <fcntl.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

#include "store/schema.hpp"
#include "store/sql.hpp"
#include "store/sql_failure.hpp"

namespace edge::store {
namespace {

// SOCI splits its connect string at '=', ' ' and '"', so the path goes in as an URI with those
// escaped.
std::string uri_of(const std::filesystem::path& file) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string uri = "file:";
  for (const char c : std::filesystem::absolute(file).string()) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = std::isalnum(byte) != 0 || c == '/' || c == '.' || c == '-' || c == '_';
    if (plain) {
      uri += c;
    } else {
      uri += '%';
      uri += kDigits[byte >> 4];
      uri += kDigits[byte & 15];
    }
  }
  return uri;
}

sqlite_api::sqlite3* handle(soci::session& session) {
  return static_cast<soci::sqlite3_session_backend*>(session.get_backend())->conn_;
}

void connect(soci::session& session, const std::string& uri) {
  session.open(soci::sqlite3, "dbname=" + uri);
  sqlite_api::sqlite3_extended_result_codes(handle(session), 1);
  session << "PRAGMA busy_timeout = 5000";  // ms: someone may look at the file with sqlite3(1)
}

Result<void> inspect_tables(soci::session& session) {
  if (number(session, "SELECT count(*) FROM sqlite_master") == 0) return {};
  if (number(session,
             "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'meta'") == 0) {
    return fail(Errc::failure, "it is a database of another program");
  }
  return check_version(schema_version(session), migrations().size());
}

Result<void> read_only_inspection(const std::filesystem::path& file) {
  soci::session session;
  connect(session, uri_of(file) + "?mode=ro");
  return inspect_tables(session);
}

std::string reason() {
  return std::strerror(errno);
}

Error unwritable(const std::filesystem::path& file) {
  return fail(Errc::failure, "cannot write " + file.string() + ": " + reason(),
              "the state folder and all in it must belong to the user that runs edged");
}

// The folder's entry for a file is durable only when the folder is.
Result<void> sync_folder(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return unwritable(folder);
  const bool synced = ::fsync(descriptor) == 0;
  const auto error = synced ? Error{} : unwritable(folder);
  ::close(descriptor);
  if (!synced) return error;
  return {};
}

// SQLite gives its -wal and -shm the mode of the file, whatever the umask; those of a restored
// backup may still be open to others. It also falls back to read-only silently: hence O_RDWR here,
// to hear of it.
Result<void> make_private(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return unwritable(file);
  const bool done = ::fchmod(descriptor, 0600) == 0;
  const auto error = done ? Error{} : unwritable(file);
  ::close(descriptor);
  if (!done) return error;
  for (const char* suffix : {"-wal", "-shm"}) {
    const auto beside = file.string() + suffix;
    if (::chmod(beside.c_str(), 0600) != 0 && errno != ENOENT) return unwritable(beside);
  }
  return sync_folder(file.parent_path());
}

Result<void> make_durable(soci::session& session) {
  std::string mode;
  session << "PRAGMA journal_mode = WAL", soci::into(mode);
  if (mode != "wal") {
    return fail(Errc::failure, "the file system cannot keep a write-ahead log (mode " + mode + ")",
                "use a local disk for the state folder");
  }
  session << "PRAGMA synchronous = FULL";
  session << "PRAGMA foreign_keys = ON";
  session << "PRAGMA secure_delete = ON";             // keys of removed endpoints are overwritten
  session << "PRAGMA journal_size_limit = 67108864";  // bytes of log kept after a burst
  return {};
}

Result<void> named(Result<void> outcome, const std::string& what) {
  if (outcome) return outcome;
  auto error = outcome.error();
  error.message = what + ": " + error.message;
  return error;
}

}  // namespace

Result<void> inspect(const std::filesystem::path& file) {
  std::error_code none;
  if (!std::filesystem::exists(file, none)) return {};
  const std::string what = "cannot open " + file.string();
  return guarded(what, [&]() -> Result<void> {
    try {
      return named(read_only_inspection(file), what);
    } catch (const std::exception& thrown) {
      // Killed while the file was made, before it had a table or a log: only a writer can undo that
      // half, and then looks at the version once more.
      if (needs_rollback(thrown)) return {};
      throw;
    }
  });
}

Result<void> open_file(soci::session& session, const std::filesystem::path& file) {
  if (auto ready = make_private(file); !ready) return ready;
  const std::string what = "cannot open " + file.string();
  return guarded(what, [&]() -> Result<void> {
    connect(session, uri_of(file));
    if (auto ours = inspect_tables(session); !ours) return named(ours, what);
    if (auto durable = make_durable(session); !durable) return named(durable, what);
    return named(migrate(session, migrations()), what);
  });
}

bool in_transaction(soci::session& session) {
  return sqlite_api::sqlite3_get_autocommit(handle(session)) == 0;
}

}  // namespace edge::store
