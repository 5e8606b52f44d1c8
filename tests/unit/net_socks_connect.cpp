#include "net_scripted_proxy.hpp"

namespace edge::net::test {
namespace {

std::string bytes(const std::string& hex) {
  return from_hex(hex).value();
}

// Greeting without a password, then what each step says; the request for kEdge has 19 bytes.
Plan socks(std::vector<Step> steps, bool closes = false) {
  Plan plan;
  plan.scheme = "socks5h://";
  plan.script = {std::move(steps), closes};
  return plan;
}

constexpr std::size_t kRequest = 4 + 1 + 12 + 2;
const std::string kOpened =
    "05000001"
    "7f000001"
    "1f40";

}  // namespace

TEST_CASE("a SOCKS5 proxy gets the name and what follows its answer is the tunnel's") {
  auto plan = socks({{3, bytes("0500")}, {kRequest, bytes(kOpened) + "SSH-2.0-edge\r\n"}});
  plan.count = 14;
  const auto played = play(plan);
  REQUIRE(played.dialled.opened);
  CHECK(to_hex(played.heard) ==
        "050100"
        "050100030c" +
            to_hex("edge.example") + "2328");
  CHECK(played.dialled.first == "SSH-2.0-edge\r\n");
}

TEST_CASE("a SOCKS5 proxy may name its own address in each of the three ways") {
  for (const std::string reply : {"0500000400000000000000000000000000000001"
                                  "1f40",
                                  "050000030"
                                  "3616263"
                                  "1f40",
                                  "0500000300"
                                  "1f40"}) {
    auto plan = socks({{3, bytes("0500")}, {kRequest, bytes(reply) + "!"}});
    plan.count = 1;
    CHECK(play(plan).dialled.first == "!");
  }
}

TEST_CASE("user and password go to a SOCKS5 proxy when it asks for them") {
  auto plan = socks({{4, bytes("0502")}, {11, bytes("0100")}, {kRequest, bytes(kOpened)}});
  plan.user = "alic:pass@";
  const auto played = play(plan);
  CHECK(played.dialled.opened);
  CHECK(to_hex(played.heard).substr(8, 22) == "0104" + to_hex("alic") + "04" + to_hex("pass"));
}

TEST_CASE("a SOCKS5 proxy that does not want the password does not get it") {
  auto plan = socks({{4, bytes("0500")}, {kRequest, bytes(kOpened)}});
  plan.user = "alice:hunter2@";
  const auto played = play(plan);
  CHECK(played.dialled.opened);
  CHECK(played.heard.find("hunter2") == std::string::npos);
}

TEST_CASE("what a SOCKS5 proxy says instead of opening is in the error") {
  const struct {
    const char* name;
    std::string user;
    std::vector<Step> steps;
    bool closes;
    Errc code;
    std::string expected;  // after the proxy's name
  } rows[] = {
      {"asks for a password",
       "",
       {{3, bytes("05ff")}},
       true,
       Errc::not_allowed,
       " asks for a user and a password"},
      {"takes no password",
       "alice:hunter2@",
       {{4, bytes("05ff")}},
       true,
       Errc::not_allowed,
       " takes neither no authentication nor a password"},
      {"refuses the user",
       "alice:hunter2@",
       {{4, bytes("0502")}, {15, bytes("0101")}},
       true,
       Errc::not_allowed,
       " refused user 'alice'"},
      {"refuses the user without a word",
       "alice:hunter2@",
       {{4, bytes("0502")}, {15, ""}},
       true,
       Errc::not_allowed,
       " refused user 'alice'"},
      {"refuses the connection",
       "",
       {{3, bytes("0500")}, {kRequest, bytes("05050001000000000000")}},
       true,
       Errc::unreachable,
       " refused a connection to edge.example:9000: connection refused"},
      {"speaks HTTP",
       "",
       {{3, "HTTP/1.1 400 Bad Request\r\n\r\n"}},
       true,
       Errc::unreachable,
       " does not answer as a SOCKS5 proxy does"},
      {"garbage in the reply",
       "",
       {{3, bytes("0500")}, {kRequest, "HTTP/1.1 400"}},
       true,
       Errc::unreachable,
       " does not answer as a SOCKS5 proxy does"},
      {"closes at once", "", {}, true, Errc::unreachable, " closed the connection"},
      {"closes after the greeting",
       "",
       {{3, ""}},
       true,
       Errc::unreachable,
       " closed the connection"},
      {"closes after the request",
       "",
       {{3, bytes("0500")}, {kRequest, ""}},
       true,
       Errc::unreachable,
       " closed the connection before it answered for edge.example:9000"},
      {"closes within its reply",
       "",
       {{3, bytes("0500")}, {kRequest, bytes("0500000100")}},
       true,
       Errc::unreachable,
       " closed the connection while it answered for edge.example:9000"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    auto plan = socks(row.steps, row.closes);
    plan.user = row.user;
    const auto played = play(plan);
    CHECK(played.code() == row.code);
    CHECK(played.error() == played.name + row.expected);
  }
}

TEST_CASE("a SOCKS5 proxy that says nothing, or not enough, runs into the deadline") {
  for (auto plan : {socks({{3, ""}}), socks({{3, "\x05"}}),
                    socks({{3, bytes("0500")}, {kRequest, bytes("050000")}})}) {
    plan.deadline = milliseconds{50};
    const auto played = play(plan);
    CHECK(played.code() == Errc::timed_out);
    CHECK(played.error() == played.name + " did not open a way to edge.example:9000 in time");
  }
}

}  // namespace edge::net::test
