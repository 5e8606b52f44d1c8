#include <doctest/doctest.h>

#include <vector>

#include "agent/doctor_words.hpp"

using namespace edge;
using agent::judge_answer;

namespace {

std::string edgeds(const std::string& code) {
  return R"({"error": {"code": ")" + code +
         R"(", "message": "m", "hint": "", "retryable": false}})";
}

}  // namespace

TEST_CASE("each status of the poll port has words, and a next step that fits it") {
  struct Row {
    const char* name;
    net::Response response;
    const char* seen;
    const char* next;
  };
  const std::vector<Row> rows{
      {"a wrong token",
       {401, {}, edgeds("unauthorized")},
       "401: edged refuses",
       "endpoint token shop"},
      {"a proxy's own 401", {401, {}, "<html>"}, "401, and not edged's own", "what listens there"},
      {"a removed endpoint",
       {410, {}, edgeds("removed")},
       "410: the endpoint was removed",
       "leave"},
      {"a clone", {409, {}, edgeds("conflict")}, "409: another machine", "on the copy"},
      {"edged is busy",
       {503, {{"Retry-After", "2"}}, edgeds("unavailable")},
       "come again later",
       "again"},
      {"a proxy without edged",
       {503, {}, "<html>"},
       "503, and not edged's own",
       "docs/behind-a-proxy"},
      {"a bad gateway", {502, {}, "<html>"}, "502, and not edged's own", "docs/behind-a-proxy"},
      {"a web server", {404, {}, "<html>"}, "404, and not edged's own", "what listens there"},
      {"edged's disk", {500, {}, edgeds("failure")}, "500: failure", "journalctl -u edged"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const auto refused = judge_answer(row.response, "shop");
    REQUIRE(refused);
    CHECK(refused->seen.find(row.seen) != std::string::npos);
    CHECK(refused->trouble.next.find(row.next) != std::string::npos);
    CHECK_FALSE(refused->trouble.meaning.empty());
  }
  CHECK_FALSE(judge_answer({200, {}, "{}"}, "shop"));
}

TEST_CASE("an edged that knows no trials is told from a web server that knows nothing") {
  CHECK(agent::is_older_edged({404, {}, edgeds("not-found")}));
  CHECK_FALSE(agent::is_older_edged({404, {}, "<html>not found</html>"}));
  CHECK_FALSE(agent::is_older_edged({401, {}, edgeds("unauthorized")}));
}

TEST_CASE("a date of HTTP is a time, anything else is none") {
  const auto time = agent::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT");
  REQUIRE(time);
  CHECK(format_rfc3339(*time) == "1994-11-06T08:49:37.000Z");
  for (const char* text :
       {"", "yesterday", "Sun, 06 Nov 1994 08:49:37 CET", "1994-11-06T08:49:37Z"}) {
    CAPTURE(text);
    CHECK_FALSE(agent::parse_http_date(text));
  }
}

TEST_CASE("every way to fail has its words on a node") {
  const auto& poll = agent::poll_advice();
  const auto& tunnel = agent::tunnel_advice();
  const auto& proxy = agent::proxy_advice();
  for (const auto* trouble : {&poll.no_name,
                              &poll.refused,
                              &poll.silent,
                              &poll.no_way,
                              &poll.no_tls,
                              &poll.wrong_pin,
                              &tunnel.no_name,
                              &tunnel.refused,
                              &tunnel.silent,
                              &tunnel.no_way,
                              &tunnel.no_ssh,
                              &tunnel.silent_ssh,
                              &tunnel.wrong_host_key,
                              &poll.proxy_fails,
                              &poll.proxy_wants_login,
                              &tunnel.proxy_fails,
                              &tunnel.proxy_wants_login,
                              &proxy.no_name,
                              &proxy.refused,
                              &proxy.silent,
                              &proxy.no_way}) {
    CHECK_FALSE(trouble->meaning.empty());
    CHECK_FALSE(trouble->next.empty());
  }
}
