#include <doctest/doctest.h>

#include "control/copy/copy_words.hpp"

using namespace edge;
using namespace edge::control;

namespace {

CopyResult result(const std::string& name, std::uint64_t bytes, std::uint64_t to_copy,
                  bool is_done) {
  CopyResult of;
  of.name = name;
  of.meter.bytes = bytes;
  of.meter.bytes_to_copy = to_copy;
  of.meter.files = of.meter.files_to_copy = 1;
  of.is_done = is_done;
  of.took = milliseconds{4'200};
  return of;
}

CopyResult failed(const std::string& name, Errc code, const std::string& words) {
  auto of = result(name, 0, 0, true);
  of.meter.files = 0;
  of.error = fail(code, words);
  return of;
}

}  // namespace

TEST_CASE("progress says how much, how fast and how long") {
  CHECK(progress_text("app.tar", {result("x", 1'200'000'000, 2'400'000'000, false)}, 100e6) ==
        "app.tar  50 %  1.2 GB of 2.4 GB  100 MB/s  12s left");
  CHECK(progress_text("app.tar",
                      {result("x", 100, 100, true), result("y", 0, 100, false),
                       failed("z", Errc::offline, "offline")},
                      0) == "app.tar  2 of 3 done  1 failed  50 %  100 B of 200 B");
}

TEST_CASE("no time is told while folders are still listed, and none that nobody will wait") {
  auto listing = result("x", 100, 1'000'000, false);
  listing.meter.to_list = 1;
  CHECK(progress_text("d", {listing}, 100e3).find("left") == std::string::npos);
  listing.meter.to_list = 0;
  CHECK(progress_text("d", {listing}, 100e3).find("10s left") != std::string::npos);
  CHECK(progress_text("d", {result("x", 1, 1'000'000'000'000, false)}, 2).find("left") ==
        std::string::npos);
}

TEST_CASE("the pace is that of the last seconds") {
  CopyPace pace;
  const auto at = [](int seconds) { return SteadyTime{std::chrono::seconds(seconds)}; };
  CHECK(pace.bytes_per_second() == 0);
  for (int second = 0; second <= 20; ++second)
    pace.note(at(second), second <= 10 ? 0 : static_cast<std::uint64_t>(second - 10) * 1'000);
  CHECK(pace.bytes_per_second() == doctest::Approx(1'000));
}

TEST_CASE("a result in one line") {
  auto of = result("shop-17", 1'218'000'000, 1'218'000'000, true);
  of.meter.files = 3;
  CHECK(result_text(of) == "shop-17: 3 files, 1.2 GB in 4.2 s (290 MB/s)");
  of.meter.already_there = 2;
  of.is_verified = false;
  CHECK(
      result_text(of) ==
      "shop-17: 3 files, 1.2 GB in 4.2 s (290 MB/s); 2 were there already; checked by size alone");
}

TEST_CASE("a summary tells the failed and the offline apart") {
  auto unfinished = result("u", 1, 2, false);
  const auto lines =
      summary_lines({result("ok", 1, 1, true), failed("bad", Errc::failure, "full\x1b"),
                     failed("off", Errc::offline, "off is offline"), unfinished});
  REQUIRE(lines.size() == 4);
  CHECK(lines[0] == "4 endpoints: 1 ok, 1 failed, 1 offline, 1 not finished");
  CHECK(lines[1] == "  bad: failed: full\xEF\xBF\xBD");
  CHECK(lines[2] == "  off: offline: off is offline");
  CHECK(lines[3] == "  u: not finished");
}

TEST_CASE(
    "the exit status is that of what failed, and 10 where something went well or there are many") {
  auto some = result("x", 1, 1, true);
  some.meter.failed = 1;
  auto none = failed("x", Errc::not_allowed, "no");
  const auto ok = result("y", 1, 1, true);
  CHECK(exit_status({ok}) == 0);
  CHECK(exit_status({none}) == 4);
  CHECK(exit_status({some}) == 10);
  CHECK(exit_status({ok, none}) == 10);
  CHECK(exit_status({none, none}) == 10);
}
