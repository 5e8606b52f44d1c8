#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "store/schema.hpp"
#include "store/store.hpp"
#include "store_folder.hpp"

using namespace edge;
using namespace edge::store;
using namespace edge::store::test;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Error must_refuse(const std::filesystem::path& folder) {
  auto store = open_store(folder);
  REQUIRE(store.has_error());
  return store.error();
}

// A connection that stays open, so that its log or journal can be copied as a crash would leave it.
class Connection {
 public:
  explicit Connection(const std::filesystem::path& file) { ::sqlite3_open(file.c_str(), &raw_); }
  ~Connection() { ::sqlite3_close(raw_); }
  void run(const std::string& sql) {
    REQUIRE(::sqlite3_exec(raw_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  }

 private:
  ::sqlite3* raw_ = nullptr;
};

void copy(const TempFolder& from, const TempFolder& to, const std::string& name) {
  std::filesystem::copy_file(from.path / name, to.path / name);
}

}  // namespace

TEST_CASE("a second opener is refused and told who has the folder") {
  TempFolder folder;
  auto first = must_open(folder.path);
  const auto error = must_refuse(folder.path);
  CHECK(error.code == Errc::conflict);
  CHECK(error.message == "cannot open the state folder " + folder.path.string() +
                             ": another edged uses it (pid " + std::to_string(::getpid()) + ")");
  const auto from_another = in_child([&] { return open_store(folder.path).error().message; });
  CHECK(from_another == error.message);
  CHECK(first->load_endpoints().has_value());
  first.reset();
  CHECK(open_store(folder.path).has_value());
}

TEST_CASE("programs that the daemon starts do not inherit the lock or the database") {
  TempFolder folder;
  auto store = must_open(folder.path);
  REQUIRE(store->put_setting("a", "b").has_value());
  const auto count = in_child([&] {
    const auto listing = (folder.path / "open").string();
    const auto command = "ls -l /proc/self/fd > " + listing;
    return ::system(command.c_str()) == 0 ? content(listing) : "ls failed";
  });
  CHECK(contains(count, " -> "));
  CHECK_FALSE(contains(count, "edged.db"));
  CHECK_FALSE(contains(count, (folder.path / "lock").string()));
}

TEST_CASE("everything in the folder is private, whatever the umask and the modes before") {
  TempFolder folder;
  for (const mode_t mask : {mode_t{0}, mode_t{0777}}) {
    const mode_t before = ::umask(mask);
    {
      auto store = must_open(folder.path);
      CHECK(store->put_setting("a", "b").has_value());
      for (const char* name : {"edged.db", "edged.db-wal", "edged.db-shm", "lock"}) {
        CAPTURE(name);
        CHECK(mode_of(folder.path / name) == 0600);
      }
    }
    ::umask(before);
    std::filesystem::remove_all(folder.path / "edged.db");
    std::filesystem::remove_all(folder.path / "lock");
  }
  must_open(folder.path).reset();
  REQUIRE(::chmod((folder.path / "edged.db").c_str(), 0644) == 0);
  auto store = must_open(folder.path);
  CHECK(mode_of(folder.path / "edged.db") == 0600);
}

TEST_CASE("a new database is written ahead to a log and tells its schema version") {
  TempFolder folder;
  auto store = must_open(folder.path);
  CHECK(raw_sql(folder.path / "edged.db", "PRAGMA journal_mode") == "wal");
  CHECK(raw_sql(folder.path / "edged.db", "SELECT value FROM meta WHERE name = 'schema'") ==
        std::to_string(migrations().size()));
}

TEST_CASE("a newer schema is refused and not a byte of it changes") {
  TempFolder folder;
  must_open(folder.path).reset();
  const auto file = folder.path / "edged.db";
  raw_sql(file, "UPDATE meta SET value = '999' WHERE name = 'schema'");
  REQUIRE(::chmod(file.c_str(), 0640) == 0);
  const auto before = content(file);
  const auto error = must_refuse(folder.path);
  CHECK(error.code == Errc::usage);
  CHECK(contains(error.message, "newer edged (schema 999, this one knows " +
                                    std::to_string(migrations().size()) + ")"));
  CHECK(contains(error.message, file.string()));
  CHECK(content(file) == before);
  CHECK(mode_of(file) == 0640);
}

TEST_CASE("a newer schema that is still in the log is refused, and file and log stay as they are") {
  TempFolder made;
  TempFolder folder;
  must_open(made.path).reset();
  {
    Connection newer(made.path / "edged.db");
    newer.run("UPDATE meta SET value = '999' WHERE name = 'schema'");
    copy(made, folder, "edged.db");
    copy(made, folder, "edged.db-wal");
  }
  const auto file = content(folder.path / "edged.db");
  const auto log = content(folder.path / "edged.db-wal");
  REQUIRE_FALSE(log.empty());
  CHECK(must_refuse(folder.path).code == Errc::usage);
  CHECK(content(folder.path / "edged.db") == file);
  CHECK(content(folder.path / "edged.db-wal") == log);
}

TEST_CASE("a file that is not a database is refused by name and stays as it is") {
  TempFolder folder;
  const std::string text(5000, 'x');
  std::ofstream(folder.path / "edged.db") << text;
  const auto error = must_refuse(folder.path);
  CHECK(error.code == Errc::failure);
  CHECK(error.message ==
        "cannot open " + (folder.path / "edged.db").string() + ": file is not a database");
  CHECK(content(folder.path / "edged.db") == text);
}

TEST_CASE("a database of another program is refused and stays as it is") {
  TempFolder folder;
  raw_sql(folder.path / "edged.db", "CREATE TABLE recipe (name TEXT)");
  const auto before = content(folder.path / "edged.db");
  const auto error = must_refuse(folder.path);
  CHECK(error.code == Errc::failure);
  CHECK(contains(error.message, "it is a database of another program"));
  CHECK(content(folder.path / "edged.db") == before);
}

TEST_CASE("a folder that is missing or is a file gives an error with the reason") {
  TempFolder folder;
  std::ofstream(folder.path / "file") << "x";
  struct Row {
    const char* name;
    const char* reason;
  };
  for (const auto& row :
       {Row{"missing", "No such file or directory"}, Row{"file", "Not a directory"}}) {
    const auto error = must_refuse(folder.path / row.name);
    CHECK(error.code == Errc::failure);
    CHECK(contains(error.message, row.reason));
    CHECK(contains(error.message, row.name));
    CHECK_FALSE(error.hint.empty());
  }
}

TEST_CASE("an edged.db that cannot be a file gives an error with the reason") {
  TempFolder folder;
  std::filesystem::create_directory(folder.path / "edged.db");
  const auto error = must_refuse(folder.path);
  CHECK(error.code == Errc::failure);
  CHECK(contains(error.message, "edged.db"));
}

TEST_CASE("a creation that was killed half-way is begun again") {
  TempFolder made;
  TempFolder folder;
  {
    Connection half(made.path / "edged.db");
    // More than the cache holds: pages reach the file while the journal still says that it was
    // empty.
    half.run("PRAGMA cache_size = 1; BEGIN; CREATE TABLE half (x)");
    half.run(
        "INSERT INTO half WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
        "WHERE i < 5000) SELECT hex(i) FROM n");
    copy(made, folder, "edged.db");
    copy(made, folder, "edged.db-journal");
  }
  REQUIRE_FALSE(content(folder.path / "edged.db").empty());
  auto store = must_open(folder.path);
  CHECK(store->put_setting("a", "b").has_value());
}

TEST_CASE("an empty edged.db is a new one") {
  TempFolder folder;
  std::ofstream(folder.path / "edged.db").close();
  CHECK(open_store(folder.path).has_value());
}

TEST_CASE("a folder with spaces, quotes, '=', '?', '#' and '%' in its name works") {
  TempFolder folder;
  const auto odd = folder.path / "a b=\"c\" ?mode=ro#%41'";
  std::filesystem::create_directory(odd);
  {
    auto store = must_open(odd);
    REQUIRE(store->put_setting("a", "b").has_value());
  }
  CHECK(std::filesystem::exists(odd / "edged.db"));
  CHECK(must_open(odd)->load_settings()->size() == 1);
}

TEST_CASE("a broken row is named and stops the loading") {
  TempFolder folder;
  {
    auto store = must_open(folder.path);
    REQUIRE(store->create_endpoint(bare_endpoint(1, "plc-1")).has_value());
  }
  raw_sql(folder.path / "edged.db", "UPDATE endpoint SET token_hash = 'zz'");
  const auto loaded = must_open(folder.path)->load_endpoints();
  REQUIRE(loaded.has_error());
  CHECK(loaded.error().code == Errc::failure);
  CHECK(contains(loaded.error().message, "endpoint plc-1"));
}
