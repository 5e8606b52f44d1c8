#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "wire/plain_get.hpp"

using edge::wire::parse_plain_get;

namespace {

const std::string kCheckIn =
    "GET /v1/check-in HTTP/1.1\r\nPrefer: wait=55\r\nHost: edge\r\n"
    "Authorization: Edge QEFCQ0RFRkdISUpLTE1OTw\r\n\r\n";

std::string with_field(const std::string& field) {
  return "GET /v1/check-in HTTP/1.1\r\nHost: edge\r\n" + field + "\r\n\r\n";
}

}  // namespace

TEST_CASE("a check-in as agents send it is taken apart") {
  const auto get = parse_plain_get(kCheckIn);
  REQUIRE(get);
  CHECK(get->target == "/v1/check-in");
  CHECK(get->authorization == "Edge QEFCQ0RFRkdISUpLTE1OTw");
  CHECK(get->prefer == "wait=55");
  CHECK(get->forwarded_for.empty());
  CHECK(get->keep_alive);
}

TEST_CASE("names are told apart without case, and blanks around a value do not matter") {
  const auto get = parse_plain_get(
      "GET / HTTP/1.1\r\nHOST:a\r\nauthorization: \t x y \r\nX-Forwarded-For: 192.0.2.1, "
      "10.0.0.1\r\nCONNECTION: Close\r\nAccept: */*\r\n\r\n");
  REQUIRE(get);
  CHECK(get->authorization == "x y");
  CHECK(get->forwarded_for == "192.0.2.1, 10.0.0.1");
  CHECK_FALSE(get->keep_alive);
}

TEST_CASE("what is not plain is left to the whole parser") {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"nothing", ""},
      {"an end alone", "\r\n\r\n"},
      {"another method", "PUT /v1/snapshot HTTP/1.1\r\nHost: edge\r\n\r\n"},
      {"HTTP/1.0", "GET / HTTP/1.0\r\nHost: edge\r\n\r\n"},
      {"no host", "GET / HTTP/1.1\r\nPrefer: wait=5\r\n\r\n"},
      {"no field", "GET / HTTP/1.1\r\n\r\n"},
      {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
      {"a target with a blank", "GET /a b HTTP/1.1\r\nHost: edge\r\n\r\n"},
      {"no target", "GET  HTTP/1.1\r\nHost: edge\r\n\r\n"},
      {"an absolute target", "GET http://edge/ HTTP/1.1\r\nHost: edge\r\n\r\n"},
      {"two messages", kCheckIn + kCheckIn},
      {"a message and the start of another", kCheckIn + "GET"},
      {"line feeds alone", "GET / HTTP/1.1\nHost: edge\n\n"},
      {"a length", with_field("Content-Length: 0")},
      {"chunks", with_field("Transfer-Encoding: chunked")},
      {"an expectation", with_field("Expect: 100-continue")},
      {"an upgrade", with_field("Upgrade: ssh")},
      {"another connection option", with_field("Connection: upgrade")},
      {"two connection options", with_field("Connection: keep-alive\r\nConnection: close")},
      {"two authorizations", with_field("Authorization: a\r\nAuthorization: b")},
      {"an empty authorization", with_field("Authorization:")},
      {"a folded line", with_field("Authorization: a\r\n b")},
      {"a blank before the colon", with_field("Authorization : a")},
      {"no colon", with_field("Authorization")},
      {"no name", with_field(": a")},
      {"a control character", with_field(std::string("Prefer: a\x01", 10))},
      {"a zero", with_field(std::string("Prefer: a\0b", 11))},
      {"a byte beyond ASCII", with_field("Prefer: \xc3\xa9")},
      {"a head that is too long", with_field("A: " + std::string(5000, 'a'))},
  };
  for (const auto& [name, bytes] : rows) {
    CAPTURE(name);
    CHECK_FALSE(parse_plain_get(bytes));
  }
}

TEST_CASE("an unfinished head is never a request") {
  for (std::size_t size = 0; size < kCheckIn.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(parse_plain_get(std::string_view(kCheckIn).substr(0, size)));
  }
}
