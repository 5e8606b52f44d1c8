#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "printing.hpp"
#include "wire/check_in.hpp"

using namespace edge;
using namespace edge::wire;
using namespace std::chrono_literals;

namespace {

const std::string kEndpoint = "00112233445566778899aabbccddeeff";
const std::string kInstance = "0123456789abcdef";
const std::string kMac = "InTYv7lWzpdamtpReqkwB_R7klTCf0fS7KQdf-wfta4";
const std::string kTicket = "AAECAwQFBgcICQoLDA0ODw";

}  // namespace

TEST_CASE("an authorization with a MAC is taken apart") {
  const struct {
    std::string counter;
    std::uint64_t expected;
  } rows[] = {{"0", 0},
              {"1", 1},
              {"1795384323120", 1'795'384'323'120},
              {"18446744073709551615", UINT64_MAX}};
  for (const auto& row : rows) {
    const auto rest = kEndpoint + "." + kInstance + "." + row.counter;
    CHECK(print_rest(EndpointId{kEndpoint}, InstanceId{kInstance}, row.expected) == rest);
    for (const std::string scheme : {"Edge ", "edge ", "EDGE "}) {
      const auto authorization = parse_authorization(scheme + rest + "." + kMac);
      REQUIRE(authorization);
      REQUIRE(authorization->mac);
      CHECK(authorization->ticket.empty());
      CHECK(authorization->mac->endpoint.text == kEndpoint);
      CHECK(authorization->mac->instance.text == kInstance);
      CHECK(authorization->mac->counter == row.expected);
      CHECK(authorization->mac->mac == kMac);
      CHECK(authorization->mac->rest == rest);
    }
  }
}

TEST_CASE("an authorization with a ticket is taken apart") {
  const auto authorization = parse_authorization(" Edge " + kTicket + " ");
  REQUIRE(authorization);
  CHECK_FALSE(authorization->mac);
  CHECK(authorization->ticket == kTicket);
}

TEST_CASE("authorizations that are none are refused without repeating them") {
  const auto good = kEndpoint + "." + kInstance + ".42." + kMac;
  REQUIRE(parse_authorization("Edge " + good));
  const std::vector<std::string> refused{
      "",
      "Edge",
      "Edge ",
      "Edge .",
      "Edge ...",
      "Bearer " + good,
      "Edge  " + good,
      "Edge" + good,
      "Edge " + good + ".x",
      "Edge x." + good,
      "Edge " + good + "A",
      "Edge " + good + "=",
      "Edge " + good.substr(0, good.size() - 1),
      "Edge " + kInstance + "." + kEndpoint + ".42." + kMac,
      "Edge " + kEndpoint + "." + kInstance + "." + kMac,
      "Edge " + kEndpoint + "." + kInstance + ".." + kMac,
      "Edge " + kEndpoint + "." + kInstance + ".-1." + kMac,
      "Edge " + kEndpoint + "." + kInstance + ".+1." + kMac,
      "Edge " + kEndpoint + "." + kInstance + ".042." + kMac,
      "Edge " + kEndpoint + "." + kInstance + ".0x2a." + kMac,
      "Edge " + kEndpoint + "." + kInstance + ".42 ." + kMac,
      "Edge " + kEndpoint + "." + kInstance + ".18446744073709551616." + kMac,
      "Edge " + kEndpoint + "." + kInstance + ".42." + kTicket,
      "Edge " + kEndpoint + "." + kInstance + ".42." + std::string("\0", 1) + kMac.substr(1),
      "Edge 00112233445566778899AABBCCDDEEFF." + kInstance + ".42." + kMac,
      "Edge-Ticket " + kTicket,
      "Edges " + kTicket,
      "Edge " + kTicket + "A",
      "Edge " + kTicket + ".",
      "Edge " + kTicket + "==",
      "Edge " + kTicket.substr(1),
      "Edge  " + kTicket,
      "Edge AAECAwQFBgcICQoLDA0ODx",
      "Edge " + kMac,
      "Edge " + std::string(5000, 'a')};
  for (const auto& header : refused) {
    CAPTURE(header);
    const auto authorization = parse_authorization(header);
    REQUIRE_FALSE(authorization);
    CHECK(authorization.error().code == Errc::usage);
    CHECK(authorization.error().message.find(kEndpoint) == std::string::npos);
  }
}

TEST_CASE("a ticket is found in its header, and nowhere else") {
  CHECK(edge::wire::ticket_of("Edge QEFCQ0RFRkdISUpLTE1OTw") == "QEFCQ0RFRkdISUpLTE1OTw");
  CHECK(edge::wire::ticket_of(" edge  x ") == " x");
  for (const char* none : {"", "Edge", "Edge a.b.1.c", "Edge-Ticket x", "Edges x", "Basic x"}) {
    CAPTURE(none);
    CHECK(edge::wire::ticket_of(none).empty());
  }
  CHECK(edge::wire::ticket_of("Edge " + std::string(2000, 'x')).empty());
}

TEST_CASE("an answer that says no is a whole message") {
  const edge::wire::Pace pace{edge::milliseconds{5'000}, edge::milliseconds{55'000}};
  CHECK(edge::wire::print_not_needed(pace, "", true) == "HTTP/1.1 204 \r\nEdge-Next: 5/55\r\n\r\n");
  CHECK(edge::wire::print_not_needed(pace, "abc", false) ==
        "HTTP/1.1 204 \r\nConnection: close\r\nEdge-Next: 5/55\r\n"
        "Edge-Ticket: abc\r\n\r\n");
}

TEST_CASE("a pace is interval and hold in seconds") {
  const struct {
    Pace pace;
    std::string text;
  } rows[] = {
      {{5s, 55s}, "5/55"},      {{250ms, 0ms}, "0.25/0"},        {{1ms, 1001ms}, "0.001/1.001"},
      {{30s, 100ms}, "30/0.1"}, {{24h * 365, 0s}, "31536000/0"}, {{1500ms, 10s}, "1.5/10"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    CHECK(print_pace(row.pace) == row.text);
    CHECK(parse_pace(row.text) == row.pace);
  }
  CHECK(parse_pace("5.000/55.0") == Pace{5s, 55s});
}

TEST_CASE("paces that are none are nothing") {
  for (const std::string text :
       {"",        "/",     "5",    "5/",    "/5",       "5/5/5",        "0/55",
        "0.000/0", "-5/55", "5/-1", "+5/55", "5.0000/1", "5./1",         ".5/1",
        "5 /1",    " 5/1",  "5/1 ", "5s/1",  "1e3/1",    "1000000000/1", "5/99999999999999999999",
        "0x5/1",   "5,0/1"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_pace(text));
  }
  CHECK_FALSE(parse_pace(std::string("5/5\0", 4)));
  CHECK_FALSE(parse_pace(std::string(100'000, '5') + "/5"));
}

TEST_CASE("a wait is found among the preferences of RFC 7240") {
  const struct {
    std::string prefer;
    std::optional<milliseconds> expected;
  } rows[] = {
      {"wait=55", 55s},
      {"wait=0.25", 250ms},
      {"wait=0", 0s},
      {"Wait = 10", 10s},
      {"respond-async, wait=10", 10s},
      {"handling=lenient;x=y , wait=10;reason=\"hold\"", 10s},
      {"wait=10, wait=20", 10s},
      {"", std::nullopt},
      {"wait", std::nullopt},
      {"wait=", std::nullopt},
      {"wait=x", std::nullopt},
      {"wait=-1", std::nullopt},
      {"wait=1.2345", std::nullopt},
      {"wait=99999999999", std::nullopt},
      {"wait=x, wait=10", std::nullopt},
      {"await=10", std::nullopt},
      {"x;wait=10", std::nullopt},
      {",,,=;", std::nullopt},
      {std::string(5000, ',') + "wait=1", std::nullopt},
  };
  for (const auto& row : rows) {
    CAPTURE(row.prefer);
    CHECK(parse_wait(row.prefer) == row.expected);
  }
  for (const milliseconds wait : {0ms, 1ms, 250ms, 55'000ms})
    CHECK(parse_wait(print_wait(wait)) == wait);
  CHECK(print_wait(55s) == "wait=55");
}
