#include "net_scripted_proxy.hpp"

namespace edge::net::test {
namespace {

Plan http(std::string answer, bool closes = false) {
  Plan plan;
  plan.script = {{{0, std::move(answer)}}, closes};
  return plan;
}

}  // namespace

TEST_CASE("an HTTP proxy is asked by CONNECT and what follows its answer is the tunnel's") {
  auto plan = http("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\nSSH-2.0-edge\r\n");
  plan.count = 14;
  const auto played = play(plan);
  REQUIRE(played.dialled.opened);
  CHECK(played.heard == "CONNECT edge.example:9000 HTTP/1.1\r\nHost: edge.example:9000\r\n\r\n");
  CHECK(played.dialled.first == "SSH-2.0-edge\r\n");
}

TEST_CASE("the length of an answer that opened is not believed") {
  auto plan = http("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc");
  plan.count = 3;
  CHECK(play(plan).dialled.first == "abc");
}

TEST_CASE("an answer that comes in pieces is read to its end and no further") {
  const std::string tunnel(20'000, 'x');
  for (const std::size_t piece : {1u, 3u, 19u, 4096u}) {
    CAPTURE(piece);
    auto plan = http("HTTP/1.1 200 OK\r\nVia: \r \n\r \r\n\r\n" + tunnel);
    plan.script.piece = piece;
    plan.count = tunnel.size();
    CHECK(play(plan).dialled.first == tunnel);
  }
}

TEST_CASE("user and password go to an HTTP proxy by Basic authentication") {
  auto plan = http("HTTP/1.1 200 OK\r\n\r\n");
  plan.user = "Aladdin:open%20sesame@";
  const auto played = play(plan);
  CHECK(played.dialled.opened);
  CHECK(played.heard.find("Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n") !=
        std::string::npos);
}

TEST_CASE("a proxy that refuses the user names it and not the password") {
  for (const std::string status : {"407 Proxy Authentication Required", "401 Unauthorized"}) {
    auto plan = http("HTTP/1.1 " + status + "\r\n\r\n");
    plan.user = "alice:hunter2@";
    const auto refused = play(plan);
    CHECK(refused.code() == Errc::not_allowed);
    CHECK(refused.error() == refused.name + " refused user 'alice': " + status);
    plan.user = "";
    const auto asked = play(plan);
    CHECK(asked.code() == Errc::not_allowed);
    CHECK(asked.error() == asked.name + " asks for a user and a password: " + status);
  }
}

TEST_CASE("what an HTTP proxy says instead of opening is in the error") {
  const struct {
    const char* name;
    std::string answer;
    bool closes;
    std::string expected;  // after the proxy's name
  } rows[] = {
      {"status", "HTTP/1.1 403 Forbidden\r\n\r\n", false,
       " refused CONNECT to edge.example:9000: 403 Forbidden"},
      {"status alone", "HTTP/1.0 502\r\n\r\n", false, " refused CONNECT to edge.example:9000: 502"},
      {"words",
       "HTTP/1.1 503 No\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nno \x1bway\r\n",
       false,
       " refused CONNECT to edge.example:9000: 503 No: no \xef\xbf\xbdway\xef\xbf\xbd\xef\xbf\xbd"},
      {"a page", "HTTP/1.1 403 No\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
       false, " refused CONNECT to edge.example:9000: 403 No"},
      {"words that do not come",
       "HTTP/1.1 403 No\r\nContent-Type: text/plain\r\nContent-Length: 99\r\n\r\nab", true,
       " refused CONNECT to edge.example:9000: 403 No"},
      {"a redirection", "HTTP/1.1 302 Found\r\nLocation: http://portal\r\n\r\n", false,
       " refused CONNECT to edge.example:9000: 302 Found"},
      {"garbage", "\x05\xff\x01\x02", false, " does not answer as an HTTP proxy does"},
      {"SSH", "SSH-2.0-OpenSSH\r\n", false, " does not answer as an HTTP proxy does"},
      {"a status that is none", "HTTP/1.1 OK\r\n\r\n", false,
       " does not answer as an HTTP proxy does"},
      {"an endless head", "HTTP/1.1 200 OK\r\n" + std::string(17 * 1024, 'x'), false,
       " answered CONNECT to edge.example:9000 with more than 16 KB"},
      {"nothing", "", true,
       " closed the connection before it answered CONNECT to edge.example:9000"},
      {"half of it", "HTTP/1.1 200 OK\r\nVia", true,
       " closed the connection before it answered CONNECT to edge.example:9000"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const auto played = play(http(row.answer, row.closes));
    CHECK(played.code() == Errc::unreachable);
    CHECK(played.error() == played.name + row.expected);
  }
}

TEST_CASE("an HTTP proxy that says nothing, or not enough, runs into the deadline") {
  for (auto plan : {http(""), http("HTTP/1.1 200 OK\r\n")}) {
    plan.deadline = milliseconds{50};
    const auto played = play(plan);
    CHECK(played.code() == Errc::timed_out);
    CHECK(played.error() == played.name + " did not open a way to edge.example:9000 in time");
  }
}

}  // namespace edge::net::test
