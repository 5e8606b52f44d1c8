#include <doctest/doctest.h>

#include "agent/bounded_command.hpp"

using namespace edge;
using namespace edge::agent;

namespace {

CommandBounds within(milliseconds time, std::size_t output = 64 * 1024) {
  return {std::chrono::steady_clock::now() + time, output};
}

Result<std::string> shell(const std::string& script, const CommandBounds& bounds) {
  return run_bounded("/bin/sh", {"-c", script}, bounds);
}

constexpr milliseconds kPlenty{60'000};

}  // namespace

TEST_CASE("a command gives its output whatever its exit code is") {
  CHECK(shell("echo degraded; exit 3", within(kPlenty)).value() == "degraded\n");
  CHECK(shell("exit 1", within(kPlenty)).value().empty());
}

TEST_CASE("a command has no input, no errors in its output, and nothing of our environment") {
  CHECK(shell("cat; echo $HOME$LC_ALL; echo oops >&2", within(kPlenty)).value() == "C\n");
}

TEST_CASE("a command that hangs is killed at its deadline") {
  const auto start = std::chrono::steady_clock::now();
  const auto result = shell("sleep 600", within(milliseconds{50}));
  REQUIRE(!result);
  CHECK(result.error().code == Errc::timed_out);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds{30});
}

TEST_CASE("a command that closes its output and runs on is killed at its deadline") {
  const auto result = shell("echo done; exec sleep 600 >/dev/null", within(milliseconds{50}));
  REQUIRE(!result);
  CHECK(result.error().code == Errc::timed_out);
}

TEST_CASE("a command that writes without end is killed at its bound") {
  const auto result = shell("while :; do echo flood; done", within(kPlenty, 1000));
  REQUIRE(!result);
  CHECK(result.error().code == Errc::unavailable);
}

TEST_CASE("a program that does not exist is named") {
  const auto result = run_bounded("/does/not/exist", {}, within(kPlenty));
  REQUIRE(!result);
  CHECK(result.error().message == "cannot run /does/not/exist: No such file or directory");
}
