// edgectl status
#include <doctest/doctest.h>

#include "control_answers.hpp"

using namespace edgectl_test;

TEST_CASE_FIXTURE(Fixture,
                  "status tells how much there is to do and how late the slowest loop is") {
  edged.answer(
      "GET /v1/status", 200,
      {{"version", "0.1.0"},
       {"endpoints", {{"new", 1}, {"online", 14'990}, {"offline", 9}}},
       {"held", 14'980},
       {"connections", 15'002},
       {"tls", {{"handshakes", 30'000}, {"resumed", 15'000}}},
       {"check-ins", 61'000},
       {"check-ins-per-second", 273.25},
       {"loops",
        {{{"lag-ms", 0.07}, {"worst-lag-ms", 1.9}}, {{"lag-ms", 3}, {"worst-lag-ms", 2}}}}});
  const auto result = run({"status"});
  CHECK(result.status == 0);
  for (const char* line :
       {"14990 online, 9 offline, 1 new\n", "14980\n", "15002\n", "30000, 15000 of them resumed\n",
        "273.2 per second, 61000 in all\n", "3.0 ms, at worst 2.0 ms in the last minute\n"}) {
    CAPTURE(line);
    CHECK(result.out.find(line) != std::string::npos);
  }
}

TEST_CASE_FIXTURE(Fixture, "status of an older edged leaves out what that does not tell") {
  edged.answer("GET /v1/status", 200, {{"version", "0.1.0"}, {"check-ins", 61}});
  const auto result = run({"status"});
  CHECK(result.status == 0);
  CHECK(result.out.find(" 61\n") != std::string::npos);
  CHECK(result.out.find("lag") == std::string::npos);
}
