// edgectl wait, edgectl ping.
#include <doctest/doctest.h>

#include "control/ping_text.hpp"
#include "control/wait_for.hpp"
#include "control_answers.hpp"

using namespace edgectl_test;
using namespace edge;

namespace {

json target(const char* id, const char* name, const char* state) {
  return {{"id", id},
          {"name", name},
          {"state", state},
          {"last-seen", nullptr},
          {"labels", json::object()}};
}

json presence(const char* id, const char* name, const char* state) {
  return {{"id", id},
          {"name", name},
          {"state", state},
          {"tunnel", "idle"},
          {"last-seen", "2026-11-22T18:52:05.000Z"}};
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "wait prints who is so and ends when all are") {
  edged.answer("POST /v1/targets", 200,
               {{"items", {target("1", "shop-1", "online"), target("2", "shop-2", "online")}}});
  edged.answer("POST /v1/wait", 200,
               {{"items", {presence("1", "shop-1", "online"), presence("2", "shop-2", "online")}},
                {"waiting", 0},
                {"others", json::array()}});
  const auto done = run({"wait", "shop-1", "shop-2"});
  CHECK(done.status == 0);
  CHECK(done.out == "shop-1 is online\nshop-2 is online\n");
  const auto asked = json::parse(edged.asked().back().substr(std::string("POST /v1/wait ").size()));
  CHECK(asked["endpoints"] == json{"1", "2"});
  CHECK(asked["for"] == "online");
  CHECK(run({"wait", "shop-1", "shop-2", "-q", "--for", "online"}).out == "shop-1\nshop-2\n");
}

TEST_CASE_FIXTURE(Fixture, "wait ends with 6 when the time is over and names who is not") {
  edged.answer("POST /v1/targets", 200,
               {{"items", {target("1", "shop-1", "online"), target("2", "shop-2", "offline")}}});
  edged.answer("POST /v1/wait", 200,
               {{"items", {presence("1", "shop-1", "online")}},
                {"waiting", 1},
                {"others", {presence("2", "shop-2", "offline")}}});
  const auto late = run({"wait", "shop-1", "shop-2", "--timeout", "0s"});
  CHECK(late.status == 6);
  CHECK(late.out == "shop-1 is online\n");
  CHECK(late.err ==
        "edgectl: 1 of 2 endpoints are not online after 0s\n"
        "  shop-2: offline, last seen 3h ago\n"
        "  hint: edgectl doctor shop-2\n");
  CHECK(run({"wait", "shop-1", "shop-2", "--timeout", "0s", "--any"}).status == 0);
  const auto whole = run({"wait", "shop-1", "shop-2", "--timeout", "0s", "-o", "json"});
  CHECK(whole.status == 6);
  CHECK(json::parse(whole.out)["done"] == false);
  CHECK(json::parse(whole.out)["others"][0]["name"] == "shop-2");
}

TEST_CASE_FIXTURE(Fixture, "wait refuses what it cannot wait for") {
  CHECK(run({"wait"}).status == 2);
  CHECK(run({"wait", "shop-1", "--for", "ready"}).status == 2);
  CHECK(run({"wait", "shop-1", "--timeout", "soon"}).status == 2);
  CHECK(run({"wait", "shop-1", "--open"}).status == 2);
  edged.answer("POST /v1/targets", 404,
               {{"error", {{"code", "not-found"}, {"message", "no endpoint 'shop-71'"}}}});
  CHECK(run({"wait", "shop-71"}).status == 3);
}

TEST_CASE_FIXTURE(Fixture, "ping prints a line for each answer and a summary") {
  edged.answer("POST /v1/endpoints/shop-17/ping", 200,
               {{"way", "direct"},
                {"address", "203.0.113.7"},
                {"waited-ms", 0},
                {"round-trip-us", 34'210},
                {"check-in",
                 {{"state", "online"},
                  {"age-ms", 12'000},
                  {"next-in-ms", nullptr},
                  {"held", false},
                  {"tunnel", true}}}});
  edged.answer("GET /v1/endpoints/shop-17/check-in", 200,
               {{"state", "online"}, {"age-ms", 12'000}, {"next-in-ms", 0}, {"held", true}});
  const auto pinged = run({"ping", "shop-17", "-c", "2", "--interval", "100ms"});
  CHECK(pinged.status == 0);
  const std::string line = " time=34.2 ms path=direct from=203.0.113.7\n";
  CHECK(pinged.out ==
        "shop-17: online, last check-in 12s ago, held now\nanswer from shop-17: seq=1" + line +
            "answer from shop-17: seq=2" + line +
            "--- shop-17: 2 asked, 2 answered\n"
            "round trip min/avg/max: 34.2 ms / 34.2 ms / 34.2 ms\n");
  const auto whole = json::parse(run({"ping", "shop-17", "-c", "1", "-o", "json"}).out);
  CHECK(whole["round-trip-us"]["avg"] == 34'210);
  CHECK(whole["answers"].size() == 1);
}

TEST_CASE_FIXTURE(Fixture,
                  "ping of an offline endpoint is an error, and no answer in time is a line") {
  edged.answer("GET /v1/endpoints/shop-17/check-in", 200,
               {{"state", "offline"}, {"age-ms", nullptr}, {"held", false}});
  edged.answer(
      "POST /v1/endpoints/shop-17/ping", 503,
      {{"error", {{"code", "offline"}, {"message", "cannot connect to shop-17: offline"}}}});
  CHECK(run({"ping", "shop-17"}).status == 5);
  edged.answer("POST /v1/endpoints/shop-17/ping", 408,
               {{"error", {{"code", "timed-out"}, {"message", "no answer in time\n more"}}}});
  const auto late = run({"ping", "shop-17", "-c", "2", "--interval", "100ms"});
  CHECK(late.status == 6);
  CHECK(late.out ==
        "shop-17: offline, no check-in yet\n"
        "no answer from shop-17: seq=1 no answer in time\n"
        "no answer from shop-17: seq=2 no answer in time\n"
        "--- shop-17: 2 asked, 0 answered\n");
}

TEST_CASE_FIXTURE(Fixture, "ping without a tunnel shows when the next check-in comes") {
  const auto answer = [&](json check_in) {
    check_in["state"] = "online";
    edged.answer("GET /v1/endpoints/shop-17/check-in", 200, check_in);
    return run({"ping", "shop-17", "--no-tunnel", "-c", "1"}).out;
  };
  CHECK(answer({{"age-ms", 40'000}, {"next-in-ms", 0}, {"held", true}}) ==
        "shop-17: online, last check-in 40s ago, held now\n");
  CHECK(answer({{"age-ms", 2'000}, {"next-in-ms", 3'000}, {"held", false}}) ==
        "shop-17: online, last check-in 2s ago, the next one in 3s\n");
  CHECK(answer({{"age-ms", 9'000}, {"next-in-ms", 0}, {"held", false}}) ==
        "shop-17: online, last check-in 9s ago, the next one is due\n");
  CHECK(answer({{"age-ms", nullptr}, {"next-in-ms", nullptr}, {"held", false}}) ==
        "shop-17: online, no check-in yet\n");
  edged.answer("GET /v1/endpoints/shop-17/check-in", 200,
               {{"state", "offline"}, {"age-ms", 900'000}, {"next-in-ms", 0}, {"held", false}});
  CHECK(run({"ping", "shop-17", "--no-tunnel", "-c", "1"}).status == 5);
}
