#include <doctest/doctest.h>

#include "base/encoding.hpp"
#include "printing.hpp"
#include "wire/socks.hpp"

using namespace edge;
using namespace edge::wire;

namespace {

std::string bytes(const char* hex) {
  return from_hex(hex).value();
}

}  // namespace

TEST_CASE("a greeting offers a password only where there is one") {
  CHECK(to_hex(print_socks_greeting(false)) == "050100");
  CHECK(to_hex(print_socks_greeting(true)) == "05020002");
}

TEST_CASE("the proxy takes one of the offered ways to authenticate, or says what is missing") {
  const struct {
    const char* answer;
    bool with_password;
    std::string expected;  // a part of the error, or "none" or "password"
  } rows[] = {
      {"0500", false, "none"},
      {"0500", true, "none"},
      {"0502", true, "password"},
      {"0502", false, "does not answer as a SOCKS5 proxy does"},  // was not offered
      {"0501", true, "does not answer as a SOCKS5 proxy does"},
      {"05ff", false, "asks for a user and a password"},
      {"05ff", true, "takes neither"},
      {"0400", false, "does not answer as a SOCKS5 proxy does"},
      {"05", false, "does not answer as a SOCKS5 proxy does"},
      {"4854", false, "does not answer as a SOCKS5 proxy does"},  // "HT"
  };
  for (const auto& row : rows) {
    CAPTURE(row.answer);
    const auto method = parse_socks_method(bytes(row.answer), row.with_password);
    if (row.expected == "none") {
      REQUIRE(method);
      CHECK(*method == SocksMethod::none);
    } else if (row.expected == "password") {
      REQUIRE(method);
      CHECK(*method == SocksMethod::password);
    } else {
      REQUIRE_FALSE(method);
      CHECK(method.error().message.find(row.expected) != std::string::npos);
    }
  }
}

TEST_CASE("user and password are sent with their lengths") {
  CHECK(to_hex(print_socks_login("al", Secret("pwd"))) == "0102616c03707764");
  CHECK(to_hex(print_socks_login("al", Secret())) == "0102616c00");
  const std::string most(255, 'x');
  CHECK(print_socks_login(most, Secret(most)) == "\x01\xff" + most + "\xff" + most);
}

TEST_CASE("a login is accepted by a zero and by nothing else") {
  CHECK(parse_socks_login(bytes("0100")));
  for (const char* answer : {"0101", "01ff", "01", "010000"})
    CHECK_FALSE(parse_socks_login(bytes(answer)));
}

TEST_CASE("a name is sent as a name and an address as an address") {
  CHECK(to_hex(print_socks_connect({"ab.c", 9000})) == "050100030461622e632328");
  CHECK(to_hex(print_socks_connect({"192.0.2.1", 80})) == "05010001c00002010050");
  CHECK(to_hex(print_socks_connect({"2001:db8::1", 65535})) ==
        "0501000420010db8000000000000000000000001ffff");
}

TEST_CASE("a reply says how much of it follows") {
  const struct {
    const char* beginning;
    std::size_t rest;
  } rows[] = {{"050000017f", 5}, {"0500000400", 17}, {"0500000300", 2}, {"05000003ff", 257}};
  for (const auto& row : rows) {
    CAPTURE(row.beginning);
    const auto rest = parse_socks_reply(bytes(row.beginning));
    REQUIRE(rest);
    CHECK(*rest == row.rest);
  }
}

TEST_CASE("each refusal of a proxy has words") {
  const std::vector<std::string> words{
      "general failure",  "rules do not allow",   "network unreachable",
      "host unreachable", "connection refused",   "on the way for too long",
      "this command",     "this kind of address", "unknown reply 9"};
  for (std::size_t code = 1; code <= words.size(); ++code) {
    std::string reply = bytes("0500000100");
    reply[1] = static_cast<char>(code);
    const auto rest = parse_socks_reply(reply);
    REQUIRE_FALSE(rest);
    CHECK(rest.error().code == Errc::unreachable);
    CHECK(rest.error().message.find(words[code - 1]) != std::string::npos);
  }
}

TEST_CASE("what is no reply of a SOCKS5 proxy is refused") {
  for (const char* beginning : {"", "0500", "040000017f", "050000027f", "05000000ff"}) {
    CAPTURE(beginning);
    const auto rest = parse_socks_reply(bytes(beginning));
    REQUIRE_FALSE(rest);
    CHECK(rest.error().code == Errc::usage);
  }
}
