// edgectl session ...: what is asked, what is printed, with which status.
#include <doctest/doctest.h>

#include "control_answers.hpp"

using namespace edgectl_test;

namespace {

json session(const std::string& id) {
  return {{"id", id},
          {"endpoint", "shop-17"},
          {"endpoint-id", "3f9c"},
          {"instance", "00000000000000aa"},
          {"host-name", "till-3"},
          {"tunnel", "a3d0"},
          {"way", "direct"},
          {"operator", "alice as root"},
          {"user", "root"},
          {"uid", 0},
          {"pid", 4711},
          {"login-user", "alice"},
          {"login-uid", 1000},
          {"login-session", 3},
          {"since", "2026-11-22T21:50:05Z"},
          {"idle", "12s"},
          {"bytes-in", 1500},
          {"bytes-out", 10},
          {"resumes", 2},
          {"state", "live"},
          {"paused-since", nullptr},
          {"ends", nullptr}};
}

json paused(const std::string& id) {
  auto view = session(id);
  view["state"] = "paused";
  view["paused-since"] = "2026-11-22T21:51:05Z";
  view["ends"] = {{"at", "2026-11-22T22:01:05Z"}, {"for", "not-resumed"}};
  return view;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "session ls shows a line for each session, and more when it is wide") {
  edged.answer("GET /v1/sessions", 200, {{"items", {session("aa11"), paused("bb22")}}});
  const std::string table =
      "ID    ENDPOINT  OPERATOR       STATE   SINCE   IDLE  IN      OUT   ENDS\n"
      "aa11  shop-17   alice as root  live    2m ago  12s   1.5 KB  10 B  -\n"
      "bb22  shop-17   alice as root  paused  2m ago  12s   1.5 KB  10 B  in 9m unless it goes "
      "on\n";
  CHECK(run({"session", "ls"}).out == table);
  CHECK(run({"sessions", "ls"}).out == table);
  CHECK(run({"session", "ls", "-q"}).out == "aa11\nbb22\n");
  CHECK(run({"session", "ls", "-o", "name"}).out == "aa11\nbb22\n");
  CHECK(json::parse(run({"session", "ls", "-o", "json"}).out)["items"].size() == 2);
  const auto wide = run({"session", "ls", "-o", "wide", "--no-headers"}).out;
  CHECK(wide.starts_with("aa11  shop-17  alice as root  live    2m ago  12s  1.5 KB  10 B  - "));
  CHECK(wide.find("till-3  direct  a3d0  root  alice  3  4711  2\n") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "session ls asks for the endpoint's sessions alone") {
  edged.answer("GET /v1/sessions?endpoint=shop-17", 200, {{"items", json::array()}});
  const auto result = run({"session", "ls", "--endpoint", "shop-17"});
  CHECK(result.status == 0);
  CHECK(result.out.empty());
  CHECK(result.err == "no sessions; edgectl connect NAME begins one\n");
}

TEST_CASE_FIXTURE(Fixture, "session show is a page with who, where, how long and what ends it") {
  edged.answer("GET /v1/sessions/bb22", 200, paused("bb22"));
  CHECK(run({"session", "show", "bb22"}).out ==
        "id:         bb22\n"
        "state:      paused since 2026-11-22T21:51:05Z (1m ago)\n"
        "operator:   alice as root\n"
        "user:       root (uid 0), logged in as alice (uid 1000, session 3)\n"
        "pid:        4711\n"
        "endpoint:   shop-17 (3f9c)\n"
        "instance:   till-3 (00000000000000aa)\n"
        "tunnel:     a3d0, direct\n"
        "since:      2026-11-22T21:50:05Z (2m ago)\n"
        "idle:       12s\n"
        "from node:  1.5 KB\n"
        "to node:    10 B\n"
        "resumes:    2\n"
        "ends:       in 9m unless it goes on\n");
  auto nobody = session("cc33");
  nobody["login-user"] = "";
  nobody["login-uid"] = nobody["login-session"] = nullptr;
  edged.answer("GET /v1/sessions/cc33", 200, nobody);
  CHECK(run({"session", "show", "cc33"}).out.find("user:       root (uid 0), nobody logged in\n") !=
        std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "session kill asks first, and refuses where nobody can be asked") {
  edged.answer("GET /v1/sessions/aa11", 200, session("aa11"));
  edged.answer_text("DELETE /v1/sessions/aa11", 204, "");
  const auto refused = run({"session", "kill", "aa11"});
  CHECK(refused.status == 2);
  CHECK(refused.err.find("edgectl session kill aa11 --yes") != std::string::npos);
  edgectl.is_terminal = true;
  edgectl.input = "n\n";
  const auto asked = run({"session", "kill", "aa11"});
  CHECK(asked.err.find("kill session aa11 of alice as root on shop-17? [y/N]") !=
        std::string::npos);
  CHECK(asked.status == 1);
  for (const auto& line : edged.asked()) CHECK_FALSE(line.starts_with("DELETE"));
  edgectl.input = "y\n";
  CHECK(run({"session", "kill", "aa11"}).out ==
        "killed session aa11 of alice as root on shop-17\n");
}

TEST_CASE_FIXTURE(Fixture,
                  "session kill ends none when one is mistyped, and tells of one that failed") {
  edged.answer("GET /v1/sessions/aa11", 200, session("aa11"));
  edged.answer("GET /v1/sessions/bb22", 200, session("bb22"));
  edged.answer("GET /v1/sessions/cc33", 404,
               {{"error", {{"code", "not-found"}, {"message", "no session 'cc33'"}}}});
  edged.answer_text("DELETE /v1/sessions/aa11", 204, "");
  edged.answer("DELETE /v1/sessions/bb22", 404,
               {{"error", {{"code", "not-found"}, {"message", "no session 'bb22'"}}}});
  CHECK(run({"session", "kill", "aa11", "cc33", "--yes"}).status == 3);
  for (const auto& line : edged.asked()) CHECK_FALSE(line.starts_with("DELETE"));
  const auto some = run({"session", "kill", "aa11", "bb22", "--yes", "-q"});
  CHECK(some.status == 10);
  CHECK(some.out == "aa11\n");
  CHECK(some.err.find("no session 'bb22'") != std::string::npos);
}
