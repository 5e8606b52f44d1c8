#include <thread>

#include "base/file_lock.hpp"
#include "printing.hpp"
#include "store_folder.hpp"

namespace edge {
using store::test::TempFolder;

TEST_CASE("a lock is had by one at a time, and who waits gets it when it is let go") {
  const TempFolder folder;
  const auto file = folder.path / "lock";
  bool first_is_done = false;  // no atomic: the lock is what orders the two
  std::thread second;
  {
    const auto first = FileLock::take(file, milliseconds{0});
    REQUIRE(first);
    second = std::thread([&] {
      const auto lock = FileLock::take(file, milliseconds{60'000});
      CHECK(lock);
      CHECK(first_is_done);
    });
    const auto third = FileLock::take(file, milliseconds{0});
    CHECK(third.has_error());
    if (third.has_error()) {
      CHECK(third.error().code == Errc::unavailable);
      CHECK(third.error().message.find(file.string()) != std::string::npos);
    }
    first_is_done = true;
  }
  second.join();
  CHECK(FileLock::take(file, milliseconds{0}));
  CHECK(store::test::mode_of(file) == 0600);
}

TEST_CASE("a lock that cannot be made is an error that names its file") {
  const auto refused = FileLock::take("/proc/none/lock", milliseconds{0});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("/proc/none/lock") != std::string::npos);
}

}  // namespace edge
