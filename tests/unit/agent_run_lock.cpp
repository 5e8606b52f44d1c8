#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/run_lock.hpp"
#include "printing.hpp"
#include "store_folder.hpp"

using namespace edge;
using agent::RunLock;
using store::test::TempFolder;

namespace {

// In another process, since the lock is a process's: what `look` gives there.
template <class Look>
int elsewhere(Look look) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(look());
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WEXITSTATUS(status);
}

}  // namespace

TEST_CASE("a second agent on one state folder is refused, and told which process is the first") {
  const TempFolder folder;
  const auto lock = RunLock::take(folder.path);
  REQUIRE(lock);
  const auto ours = ::getpid();
  CHECK(elsewhere([&] {
          const auto second = RunLock::take(folder.path);
          const auto pid = "(pid " + std::to_string(ours) + ")";
          return !second && second.error().code == Errc::conflict &&
                         second.error().message.find(pid) != std::string::npos
                     ? 0
                     : 1;
        }) == 0);
}

TEST_CASE("who runs is seen from outside, for as long as it runs") {
  const TempFolder folder;
  const auto looks = [&] { return RunLock::holder(folder.path) == ::getppid() ? 0 : 1; };
  CHECK(elsewhere(looks) == 1);
  {
    const auto lock = RunLock::take(folder.path);
    REQUIRE(lock);
    CHECK(elsewhere(looks) == 0);
  }
  CHECK(elsewhere(looks) == 1);
}

TEST_CASE("a folder that is not there has no running agent, and cannot be locked") {
  CHECK_FALSE(RunLock::holder("/nonexistent/folder"));
  const auto lock = RunLock::take("/nonexistent/folder");
  REQUIRE_FALSE(lock);
  CHECK(lock.error().code == Errc::failure);
}
