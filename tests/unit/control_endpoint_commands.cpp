// edgectl ls and endpoint ...: what is asked, what is printed, with which status.
#include <doctest/doctest.h>

#include <algorithm>

#include "control_answers.hpp"

using namespace edgectl_test;

TEST_CASE_FIXTURE(Fixture, "endpoint ls shows a line for each endpoint, by name") {
  auto failed = endpoint("shop-2");
  failed["tunnel"] = {{"state", "failed"}, {"reason", "auth-refused"}};
  failed["last-seen"] = nullptr;
  failed["state"] = "new";
  failed["version"] = "";
  edged.answer("GET /v1/endpoints", 200, {{"items", {failed, endpoint("shop-17")}}});
  const std::string table =
      "NAME     STATE   LAST SEEN  INTERVAL  TUNNEL                VERSION\n"
      "shop-17  online  2s ago     5s        idle                  0.1.0\n"
      "shop-2   new     never      5s        failed(auth-refused)  -\n";
  CHECK(run({"endpoint", "ls"}).out == table);
  CHECK(run({"ls"}).out == table);
  CHECK(run({"ls", "-q"}).out == "shop-17\nshop-2\n");
  CHECK(run({"ls", "--no-headers"}).out ==
        "shop-17  online  2s ago  5s  idle                  0.1.0\n"
        "shop-2   new     never   5s  failed(auth-refused)  -\n");
  CHECK(json::parse(run({"ls", "-o", "json"}).out)["items"].size() == 2);
  CHECK(run({"ls", "--color", "always"}).out.find("\033[32monline\033[0m") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "an empty list is no output and a word on stderr") {
  edged.answer("GET /v1/endpoints", 200, {{"items", json::array()}});
  const auto result = run({"ls"});
  CHECK(result.status == 0);
  CHECK(result.out.empty());
  CHECK(result.err.find("edgectl endpoint create") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "endpoint show is a page with instances, tunnel, sessions and events") {
  auto one = endpoint("shop-17");
  one["tunnel"] = {{"state", "open"},
                   {"reason", ""},
                   {"since", "2026-11-22T21:50:05Z"},
                   {"instance", "00000000000000aa"},
                   {"idle-in", "4m59s"}};
  one["settings"] = {{"check-in.interval", "30s"}};
  one["instances"] = {{{"id", "00000000000000aa"},
                       {"host-name", "node\033[31m"},
                       {"platform", "linux-x86_64"},
                       {"version", "0.1.0"},
                       {"last-seen", "2026-11-22T21:52:03Z"},
                       {"address", "203.0.113.7"},
                       {"host-key", "SHA256:abc"},
                       {"held", true},
                       {"tunnel", {{"state", "open"}}},
                       {"failure", "lost"},
                       {"failure-detail", "reset by peer"}}};
  one["sessions"] = {{{"id", "00000000000000bb"},
                      {"instance", "00000000000000aa"},
                      {"operator", "alice"},
                      {"since", "2026-11-22T21:51:05Z"},
                      {"bytes-in", 1500},
                      {"bytes-out", 10}}};
  one["events"] = {{{"time", "2026-11-22T18:52:05Z"},
                    {"kind", "endpoint.created"},
                    {"operator", "alice"},
                    {"text", "created"}}};
  edged.answer("GET /v1/endpoints/shop-17", 200, one);
  CHECK(
      run({"ep", "show", "shop-17"}).out ==
      "name:        shop-17\n"
      "id:          3f9c0000000000000000000000000001\n"
      "state:       online, last seen 2s ago from 203.0.113.7\n"
      "created:     2026-11-22T18:52:05Z (3h ago)\n"
      "associated:  yes\n"
      "url:         https://edge.example.com:9000\n"
      "check-in:    every 5s, held 55s\n"
      "tunnel:      open, since 2m ago, to instance 00000000000000aa, closes in 4m59s unless used\n"
      "version:     0.1.0\n"
      "settings:    check-in.interval 30s\n"
      "\n"
      "instances\n"
      "  ID                HOST NAME  PLATFORM      VERSION  LAST SEEN  TUNNEL  ADDRESS      HOST "
      "KEY    TROUBLE\n"
      "  00000000000000aa  node\uFFFD[31m  linux-x86_64  0.1.0    2s ago     open    203.0.113.7  "
      "SHA256:abc  "
      "lost: reset by peer\n"
      "\n"
      "sessions\n"
      "  ID                OPERATOR  INSTANCE          SINCE   IN      OUT\n"
      "  00000000000000bb  alice     00000000000000aa  1m ago  1.5 KB  10 B\n"
      "\n"
      "recent events\n"
      "  TIME    EVENT             OPERATOR  TEXT\n"
      "  3h ago  endpoint.created  alice     created\n");
  CHECK(json::parse(run({"endpoint", "show", "shop-17", "-o", "json"}).out) == one);
}

TEST_CASE_FIXTURE(Fixture, "endpoint show says when held check-ins are cut on the way") {
  struct Row {
    json instances;
    const char* expected;
  };
  const json as_ordered{{"shortened-hold", nullptr}};
  const json shorter{{"shortened-hold", "25s"}};
  const json polls{{"shortened-hold", "off"}};
  const json odd{{"shortened-hold", "\033[31m"}};  // no duration
  for (const Row& row : {
           Row{{as_ordered}, "every 5s, held 55s\n"},
           Row{{shorter},
               "every 5s, held 25s (ordered 55s: something on the way cuts held check-ins)\n"},
           Row{{polls},
               "every 5s, not held (ordered 55s: something on the way cuts held check-ins)\n"},
           Row{{as_ordered, shorter, polls},
               "every 5s, not held by 2 of 3 instances (ordered 55s: something on the way cuts "
               "held check-ins)\n"},
           Row{{odd}, "every 5s, held 55s\n"},
       }) {
    auto one = endpoint("shop-17");
    one["instances"] = row.instances;
    edged.answer("GET /v1/endpoints/shop-17", 200, one);
    const auto page = run({"endpoint", "show", "shop-17"}).out;
    CHECK(page.find("check-in:    " + std::string(row.expected)) != std::string::npos);
  }
}

TEST_CASE_FIXTURE(Fixture, "an unknown endpoint is edged's to explain, with exit status 3") {
  edged.answer("GET /v1/endpoints/shop-71", 404,
               error("not-found", "no endpoint shop-71", "did you mean shop-17?"));
  const auto result = run({"endpoint", "show", "shop-71"});
  CHECK(result.status == 3);
  CHECK(result.err == "edgectl: no endpoint shop-71\n  hint: did you mean shop-17?\n");
}

TEST_CASE_FIXTURE(Fixture, "an answer of any shape is survived") {
  for (const char* body : {"[]", "1", "\"x\"", "null", R"({"items": 1})", R"({"items": [1, []]})",
                           R"({"settings": {"a": 1}, "instances": {}, "tunnel": []})"}) {
    CAPTURE(body);
    for (const char* path : {"/v1/endpoints", "/v1/endpoints/a", "/v1/endpoints/a/snapshots",
                             "/v1/settings", "/v1/status"}) {
      edged.answer_text(std::string("GET ") + path, 200, std::string(body));
    }
    for (const std::vector<std::string>& arguments : {std::vector<std::string>{"ls"},
                                                      {"endpoint", "show", "a"},
                                                      {"snapshot", "show", "a"},
                                                      {"settings", "show"},
                                                      {"settings", "show", "x"},
                                                      {"status"},
                                                      {"version"}}) {
      CHECK(run(arguments).status <= 3);
    }
  }
}

TEST_CASE_FIXTURE(Fixture, "what deletes asks on a terminal and refuses without one unless --yes") {
  edged.answer_text("DELETE /v1/endpoints/shop-17", 204, std::string());
  edged.answer("POST /v1/endpoints/shop-17/disassociate", 200, endpoint("shop-17"));
  edged.answer("POST /v1/endpoints/shop-17/token", 200, created());
  edged.answer("GET /v1/endpoints/shop-17", 200, endpoint("shop-17"));
  struct Row {
    const char* verb;
    const char* request;
  };
  for (const auto& row : {Row{"rm", "DELETE /v1/endpoints/shop-17"},
                          Row{"disassociate", "POST /v1/endpoints/shop-17/disassociate {}"},
                          Row{"token", "POST /v1/endpoints/shop-17/token {}"}}) {
    CAPTURE(row.verb);
    const auto changed = [&] {
      const auto asked = edged.asked();
      return std::count(asked.begin(), asked.end(), row.request);
    };
    edgectl.is_terminal = false;
    const auto refused = run({"endpoint", row.verb, "shop-17"});
    CHECK(refused.status == 2);
    CHECK(refused.err.find(std::string("hint: edgectl endpoint ") + row.verb + " shop-17 --yes") !=
          std::string::npos);
    edgectl.is_terminal = true;
    edgectl.input = "n\n";
    CHECK(run({"endpoint", row.verb, "shop-17"}).status == 1);
    CHECK(changed() == 0);
    edgectl.input = "y\n";
    CHECK(run({"endpoint", row.verb, "shop-17"}).status == 0);
    CHECK(changed() == 1);
    edgectl.is_terminal = false;
    CHECK(run({"endpoint", row.verb, "shop-17", "--yes"}).status == 0);
    CHECK(changed() == 2);
  }
}

TEST_CASE_FIXTURE(Fixture, "a new token for an endpoint that nobody joined needs no question") {
  auto fresh = endpoint("shop-17");
  fresh["associated"] = false;
  edged.answer("GET /v1/endpoints/shop-17", 200, fresh);
  edged.answer("POST /v1/endpoints/shop-17/token", 200, created());
  const auto result = run({"endpoint", "token", "shop-17", "--show-token", "--expires", "2m"});
  CHECK(result.status == 0);
  CHECK(result.out.starts_with("new token for endpoint shop-17 (id "));
  CHECK(edged.asked().back() == R"(POST /v1/endpoints/shop-17/token {"expires":"2m"})");
}

TEST_CASE_FIXTURE(Fixture, "endpoint rename checks the new name and says what holds") {
  edged.answer("PATCH /v1/endpoints/a", 200, endpoint("b"));
  CHECK(run({"endpoint", "rename", "a", "b"}).out == "endpoint a is now b\n");
  CHECK(edged.asked() == std::vector<std::string>{R"(PATCH /v1/endpoints/a {"name":"b"})"});
  CHECK(run({"endpoint", "rename", "a", "B!"}).status == 2);
}
