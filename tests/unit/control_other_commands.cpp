// edgectl settings, snapshot, version, complete-names.
#include <doctest/doctest.h>

#include "control_answers.hpp"

using namespace edgectl_test;

TEST_CASE_FIXTURE(Fixture, "settings are shown, set and unset, for all endpoints or one") {
  const json all = {{"settings",
                     {{{"key", "check-in.interval"},
                       {"value", "30s"},
                       {"default", "5s"},
                       {"source", "fleet"},
                       {"prose", "How often."}}}}};
  edged.answer("GET /v1/settings", 200, all);
  edged.answer("PATCH /v1/settings", 200, all);
  edged.answer("PATCH /v1/endpoints/shop-17/settings", 200, all);
  CHECK(run({"settings", "show"}).out ==
        "KEY                VALUE  DEFAULT  SOURCE\n"
        "check-in.interval  30s    5s       fleet\n");
  CHECK(run({"setting", "show", "check-in.interval", "-q"}).out == "30s\n");
  CHECK(run({"settings", "show", "check-in.interval"}).out.find("How often.") != std::string::npos);
  const auto unknown = run({"settings", "show", "check-in.intervall"});
  CHECK(unknown.status == 3);
  CHECK(unknown.err.find("did you mean 'check-in.interval'?") != std::string::npos);
  CHECK(run({"settings", "set", "check-in.interval", "30s"}).out ==
        "check-in.interval is 30s for all endpoints\n");
  CHECK(edged.asked().back() == R"(PATCH /v1/settings {"check-in.interval":"30s"})");
  CHECK(run({"settings", "unset", "check-in.interval", "--endpoint", "shop-17"}).out ==
        "check-in.interval is 30s for shop-17 (as for all endpoints)\n");
  CHECK(edged.asked().back() ==
        R"(PATCH /v1/endpoints/shop-17/settings {"check-in.interval":null})");
}

TEST_CASE_FIXTURE(Fixture, "a setting for a while is asked for and shown with its end") {
  const json all = {{"settings",
                     {{{"key", "check-in.interval"},
                       {"value", "5s"},
                       {"default", "5s"},
                       {"source", "endpoint"},
                       {"until", "2026-11-22T22:07:05.000Z"},
                       {"then", "30s"},
                       {"prose", "How often."}}}}};
  edged.answer("GET /v1/endpoints/shop-17/settings", 200, all);
  edged.answer("PATCH /v1/endpoints/shop-17/settings", 200, all);
  CHECK(run({"settings", "set", "check-in.interval", "5s", "--endpoint", "shop-17", "--for", "15m"})
            .out ==
        "check-in.interval is 5s for shop-17 until 2026-11-22T22:07:05.000Z, then 30s\n");
  CHECK(edged.asked().back() ==
        R"(PATCH /v1/endpoints/shop-17/settings {"check-in.interval":{"for":"15m","value":"5s"}})");
  CHECK(run({"settings", "show", "--endpoint", "shop-17"}).out ==
        "KEY                VALUE  DEFAULT  SOURCE    UNTIL\n"
        "check-in.interval  5s     5s       endpoint  15m left\n");
  const auto one = run({"settings", "show", "check-in.interval", "--endpoint", "shop-17"}).out;
  CHECK(one.find("2026-11-22T22:07:05.000Z (15m left), then 30s") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "snapshot show gives the newest of each instance") {
  const auto item = [](const char* instance, const char* taken, const char* host) {
    return json{
        {"instance", instance},
        {"taken", taken},
        {"snapshot",
         {{"host", {{"name", host}, {"uptime-seconds", 7200}}},
          {"cpu", {{"count", 2}, {"model", "x"}, {"load1", 0.5}, {"load5", 1}, {"load15", 0}}},
          {"memory", {{"total-bytes", 4e9}, {"available-bytes", 1.5e9}}},
          {"disks",
           {{{"mount", "/"}, {"device", "/dev/sda1"}, {"total-bytes", 1e10}, {"free-bytes", 5e9}}}},
          {"systemd", {{"state", "degraded"}, {"failed-units", {"a.service", "b.service"}}}},
          {"missing", {{{"key", "network"}, {"reason", "not permitted"}}}}}}};
  };
  edged.answer(
      "GET /v1/endpoints/a/snapshots", 200,
      {{"items",
        {item("aa", "2026-11-22T21:52:03Z", "new"), item("bb", "2026-11-22T21:52:02Z", "other"),
         item("aa", "2026-11-22T21:52:01Z", "old")}}});
  const auto result = run({"snapshot", "show", "a"});
  CHECK(result.status == 0);
  CHECK(
      result.out.starts_with("taken:         2026-11-22T21:52:03Z (2s ago)\n"
                             "instance:      aa\n"
                             "host name:     new\n"
                             "up:            2h\n"
                             "cpu:           2 x\n"
                             "load:          0.50 1 0\n"
                             "memory free:   1.5 GB of 4.0 GB\n"
                             "systemd:       degraded\n"
                             "failed units:  a.service, b.service\n"
                             "\n"
                             "disks\n"
                             "  MOUNT  DEVICE     TYPE  FREE\n"
                             "  /      /dev/sda1  -     5.0 GB of 10.0 GB\n"
                             "\n"
                             "could not be read\n"
                             "  KEY      REASON\n"
                             "  network  not permitted\n"));
  CHECK(result.out.find("other") != std::string::npos);
  CHECK(result.out.find("old") == std::string::npos);
}

TEST_CASE_FIXTURE(Fixture,
                  "an endpoint without a snapshot is not found, and says how to take one") {
  edged.answer("GET /v1/endpoints/a/snapshots", 200, {{"items", json::array()}});
  const auto result = run({"snapshot", "show", "a"});
  CHECK(result.status == 3);
  CHECK(result.err.find("hint: edgectl snapshot take a") != std::string::npos);
  CHECK(run({"snapshot", "show", "a", "-o", "json"}).status == 0);
}

TEST_CASE_FIXTURE(Fixture,
                  "snapshot take waits as long as it was told, and shows progress on stderr") {
  edged.answer("GET /v1/endpoints/a", 200, endpoint("a"));
  edged.answer("POST /v1/endpoints/a/snapshots?wait=10m", 200,
               {{"items", {{{"instance", "aa"}, {"taken", "2026-11-22T21:52:03Z"}}}}});
  const auto result = run({"snapshots", "take", "a", "--wait", "10m"});
  CHECK(result.status == 0);
  CHECK(result.err == "taking a snapshot of a...\n");
  CHECK(run({"snapshot", "take", "a", "--wait", "long"}).status == 2);
}

TEST_CASE_FIXTURE(Fixture, "version shows both sides, and its own also when edged is away") {
  edged.answer("GET /v1/status", 200,
               {{"version", "0.2.0"}, {"libssh", "0.11.5"}, {"openssl", "3.0"}});
  CHECK(run({"version"}).out == "edgectl " EDGE_VERSION
                                "\nedged 0.2.0 (libssh 0.11.5, OpenSSL 3.0)\n");
  const auto alone = edgectl.run({"version", "--socket", "/nonexistent/admin.sock"});
  CHECK(alone.status == 7);
  CHECK(alone.out == "edgectl " EDGE_VERSION "\n");
}

TEST_CASE_FIXTURE(Fixture, "complete-names prints plain names only, and fails in silence") {
  edged.answer("GET /v1/endpoints", 200,
               {{"items", {endpoint("shop-17"), endpoint("$(reboot)"), endpoint("b")}}});
  CHECK(run({"complete-names"}).out == "shop-17\nb\n");
  const auto away = edgectl.run({"complete-names", "--socket", "/nonexistent/admin.sock"});
  CHECK(away.status == 0);
  CHECK(away.out.empty());
  CHECK(away.err.empty());
}
