#include <doctest/doctest.h>

#include "base/files.hpp"
#include "printing.hpp"
#include "server/ticket_keeper.hpp"
#include "store_folder.hpp"

namespace edge::server {
namespace {

using std::chrono::hours;
namespace fs = std::filesystem;

struct Kept {
  store::test::TempFolder folder;
  FakeClock clock;
  fs::path file = folder.path / TicketKeeper::kFileName;

  // As a start of edged finds it. Returns the newest key's name.
  std::string start() const {
    TicketKeeper keeper(clock, folder.path);
    keeper.load();
    return keeper.ring()->keys()->newest().name;
  }
  void put(const std::string& bytes, mode_t mode = 0600) const {
    REQUIRE(write_file(file, bytes, mode));
  }
};

}  // namespace

TEST_CASE("ticket keys are made once and are the same after a restart") {
  const Kept kept;
  const auto name = kept.start();
  CHECK(store::test::mode_of(kept.file) == 0600);
  CHECK(kept.start() == name);
}

TEST_CASE("a key is renewed after a day, the old one stays for another, and both are on disk") {
  Kept kept;
  TicketKeeper keeper(kept.clock, kept.folder.path);
  keeper.load();
  const auto first = keeper.ring()->keys()->newest().name;
  kept.clock.advance(hours(24) - milliseconds{1});
  keeper.refresh();
  CHECK(keeper.ring()->keys()->newest().name == first);
  kept.clock.advance(milliseconds{1});
  keeper.refresh();
  const auto second = keeper.ring()->keys()->newest().name;
  CHECK(second != first);
  CHECK(keeper.ring()->keys()->find(first) != nullptr);
  CHECK(kept.start() == second);
  CHECK(crypto::TicketKeys::parse(store::test::content(kept.file))->find(first) != nullptr);
  kept.clock.advance(hours(24));
  keeper.refresh();
  CHECK(keeper.ring()->keys()->find(first) == nullptr);
  CHECK(crypto::TicketKeys::parse(store::test::content(kept.file))->find(first) == nullptr);
}

TEST_CASE(
    "a start after a day off renews the key and takes the old tickets, after two it does not") {
  for (const int days : {1, 2}) {
    CAPTURE(days);
    Kept kept;
    const auto first = kept.start();
    kept.clock.advance(hours(24 * days));
    TicketKeeper keeper(kept.clock, kept.folder.path);
    keeper.load();
    CHECK(keeper.ring()->keys()->newest().name != first);
    CHECK((keeper.ring()->keys()->find(first) != nullptr) == (days == 1));
  }
}

TEST_CASE("a damaged file of ticket keys is replaced by new ones") {
  const Kept kept;
  const auto name = kept.start();
  const auto good = store::test::content(kept.file);
  auto changed = good;
  changed[20] = static_cast<char>(changed[20] ^ 1);
  for (const auto& bytes : {std::string(), std::string("short"), good.substr(0, 90), changed,
                            std::string(100'000, 'x')}) {
    CAPTURE(bytes.size());
    kept.put(bytes);
    const auto fresh = kept.start();
    CHECK(fresh != name);
    CHECK(kept.start() == fresh);
    CHECK(store::test::mode_of(kept.file) == 0600);
  }
}

TEST_CASE("ticket keys that others could read are not used again") {
  const Kept kept;
  const auto name = kept.start();
  for (const mode_t mode : {0640, 0604, 0660}) {
    CAPTURE(mode);
    kept.put(store::test::content(kept.file), mode);
    CHECK(kept.start() != name);
    CHECK(store::test::mode_of(kept.file) == 0600);
  }
}

TEST_CASE("where ticket keys cannot be saved they are used from memory, and saved when it works") {
  Kept kept;
  fs::create_directory(kept.file);  // a folder is not replaced by a file, not even by root
  TicketKeeper keeper(kept.clock, kept.folder.path);
  keeper.load();
  const auto name = keeper.ring()->keys()->newest().name;
  CHECK(name.size() == 16);
  CHECK(fs::is_directory(kept.file));
  fs::remove(kept.file);
  keeper.refresh();
  CHECK(keeper.ring()->keys()->newest().name == name);
  CHECK(kept.start() == name);
}

}  // namespace edge::server
