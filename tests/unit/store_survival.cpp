// What is left after a crash, on a full disk, and with a fleet of full size.
#include <doctest/doctest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <fstream>
#include <set>

#include "store/store.hpp"
#include "store_folder.hpp"

using namespace edge;
using namespace edge::store;
using namespace edge::store::test;

namespace {

constexpr unsigned kFleet = 15'000;

// Creates and associates endpoints for ever; says one byte after each that the store acknowledged.
[[noreturn]] void write_until_killed(const std::filesystem::path& folder, int acknowledge) {
  auto store = open_store(folder);
  for (unsigned i = 0; store.has_value(); ++i) {
    const std::string hash(8, static_cast<char>(i));
    const auto created = (*store)->create_endpoint(bare_endpoint(i, "e" + std::to_string(i)));
    const auto associated = (*store)->associate(endpoint_id(i), hash + std::to_string(i),
                                                Secret("key"), full_instance(i));
    if (!created || !associated || ::write(acknowledge, "+", 1) != 1) break;
  }
  _exit(1);
}

std::size_t drain(int descriptor) {
  std::size_t total = 0;
  std::array<char, 512> some{};
  for (ssize_t size = 0; (size = ::read(descriptor, some.data(), some.size())) > 0;) {
    total += static_cast<std::size_t>(size);
  }
  return total;
}

void fill_disk(const std::filesystem::path& file) {
  std::ofstream filler(file, std::ios::binary);
  while (filler.write(std::string(4096, 'x').c_str(), 4096).flush()) {
  }
}

std::string describe(const Error& error) {
  return std::string(to_string(error.code)) + " " + error.message;
}

// Runs in a child: a file system of its own, which vanishes with the process.
bool mount_tiny_disk(const std::filesystem::path& folder) {
  return ::unshare(CLONE_NEWNS) == 0 &&
         ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("tiny", folder.c_str(), "tmpfs", 0, "size=512k") == 0;
}

bool make_read_only(const std::filesystem::path& folder) {
  return ::mount(nullptr, folder.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0;
}

std::string write_until_full(const std::filesystem::path& folder) {
  if (!mount_tiny_disk(folder)) return "skipped";
  auto store = open_store(folder);
  if (!store) return "cannot open: " + store.error().message;
  for (unsigned i = 0; i < 10'000; ++i) {
    const auto kept = (*store)->put_setting("key" + std::to_string(i), std::string(2000, 'x'));
    if (kept) continue;
    const auto settings = (*store)->load_settings();
    if (!settings || settings->size() != i) return "lost something";
    return describe(kept.error());
  }
  return "never full";
}

std::string open_on_full_disk(const std::filesystem::path& folder) {
  if (!mount_tiny_disk(folder)) return "skipped";
  fill_disk(folder / "filler");
  const auto store = open_store(folder);
  return store ? "opened" : describe(store.error());
}

std::string open_read_only(const std::filesystem::path& folder) {
  if (!mount_tiny_disk(folder)) return "skipped";
  open_store(folder).value().reset();
  if (!make_read_only(folder)) return "skipped";
  const auto store = open_store(folder);
  return store ? "opened" : describe(store.error());
}

bool skipped(const std::string& said) {
  if (said != "skipped") return false;
  MESSAGE("skipped: needs the right to mount");
  return true;
}

void fill_with_fleet(const std::filesystem::path& file) {
  raw_sql(
      file,
      "BEGIN;"
      "CREATE TEMP TABLE n AS WITH RECURSIVE c (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c "
      "WHERE i < " +
          std::to_string(kFleet - 1) +
          ") SELECT i FROM c;"
          "INSERT INTO endpoint SELECT printf('%032x', i), 'e' || i, i, '', hex(zeroblob(32)), "
          "NULL, 1, "
          "printf('%064x', i), hex(zeroblob(32)) FROM n;"
          "INSERT INTO instance SELECT printf('%032x', i), printf('%016x', i), 'ssh-ed25519 AAAA', "
          "'0.1.0', 'linux/amd64', 'host', '', i, NULL FROM n;"
          "INSERT INTO endpoint_setting SELECT printf('%032x', i), 'interval', '30s' FROM n;"
          "COMMIT");
}

template <class Work>
milliseconds time_of(Work work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - start);
}

}  // namespace

TEST_CASE(
    "whatever was acknowledged before SIGKILL is there afterwards, and nothing is half there") {
  TempFolder folder;
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const pid_t writer = ::fork();
  REQUIRE(writer >= 0);
  if (writer == 0) write_until_killed(folder.path, ends[1]);
  ::close(ends[1]);
  std::size_t acknowledged = 0;
  for (char sign = 0; acknowledged < 40 && ::read(ends[0], &sign, 1) == 1;) ++acknowledged;
  ::kill(writer, SIGKILL);
  acknowledged += drain(ends[0]);
  ::close(ends[0]);
  ::waitpid(writer, nullptr, 0);
  REQUIRE(acknowledged >= 40);

  const auto endpoints = must_open(folder.path)->load_endpoints();
  REQUIRE(endpoints.has_value());
  std::set<std::string> associated;
  for (const auto& endpoint : *endpoints) {
    CHECK(endpoint.edge_id_hash.has_value() == !endpoint.instances.empty());
    if (endpoint.edge_id_hash) associated.insert(endpoint.name);
  }
  for (std::size_t i = 0; i < acknowledged; ++i)
    CHECK(associated.count("e" + std::to_string(i)) == 1);
  CHECK(endpoints->size() <= acknowledged + 1);
}

TEST_CASE("a disk that fills up is an error that says so, and what was stored stays readable") {
  TempFolder folder;
  const auto said = in_child([&] { return write_until_full(folder.path); });
  if (skipped(said)) return;
  CHECK(said.find("unavailable cannot set key") == 0);
  CHECK(said.find("database or disk is full") != std::string::npos);
}

TEST_CASE("a full disk at start-up is an error with the reason") {
  TempFolder folder;
  const auto said = in_child([&] { return open_on_full_disk(folder.path); });
  if (skipped(said)) return;
  CHECK(said.find("failure cannot open ") == 0);
  CHECK(said.find("database or disk is full") != std::string::npos);
}

TEST_CASE("a read-only state folder is an error with the reason") {
  TempFolder folder;
  const auto said = in_child([&] { return open_read_only(folder.path); });
  if (skipped(said)) return;
  CHECK(said.find("failure cannot write ") == 0);
  CHECK(said.find("Read-only file system") != std::string::npos);
}

// The bounds are several times what a slow machine needs: they catch a query per row, not a busy
// CPU.
TEST_CASE("a full fleet is loaded and its last-seen stored in well under a second") {
  TempFolder folder;
  must_open(folder.path).reset();
  fill_with_fleet(folder.path / "edged.db");
  auto store = must_open(folder.path);
  std::vector<EndpointRecord> endpoints;
  const auto loading = time_of([&] { endpoints = store->load_endpoints().value(); });
  REQUIRE(endpoints.size() == kFleet);
  CHECK(endpoints.back().instances.size() == 1);
  CHECK(endpoints.back().settings.size() == 1);

  std::vector<LastSeen> batch;
  for (unsigned i = 0; i < kFleet; ++i) {
    batch.push_back({endpoint_id(i), instance_id(i), at(i), "192.0.2.1:1"});
  }
  const auto storing = time_of([&] { CHECK(store->put_last_seen(batch).has_value()); });
  endpoints = store->load_endpoints().value();
  for (const auto& endpoint : endpoints) {
    if (!endpoint.instances.at(0).last_seen) FAIL(endpoint.name);
  }
  INFO("loading " << loading.count() << " ms, last-seen " << storing.count() << " ms");
  CHECK(loading < std::chrono::seconds(3));
  CHECK(storing < std::chrono::seconds(3));
}

TEST_CASE("the newest 100,000 events are kept") {
  TempFolder folder;
  must_open(folder.path).reset();
  raw_sql(folder.path / "edged.db",
          "INSERT INTO event WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE "
          "i < 100000) SELECT i, i, 'kind', '', '', '', i FROM n");
  auto store = must_open(folder.path);
  REQUIRE(store->append_event({at(1), "newest", {}, {}, "", ""}).has_value());
  const auto events = store->events({}, 1'000'000);
  REQUIRE(events->size() == 100'000);
  CHECK(events->front().kind == "newest");
  CHECK(events->back().text == "2");
}
