#include <doctest/doctest.h>

#include "wire/forwarded_for.hpp"

using namespace edge;
using namespace edge::wire;

namespace {

AddressSet proxies() {
  auto set = AddressSet::parse({"10.0.0.0/8", "2001:db8:ffff::/48"});
  return *set;
}

}  // namespace

TEST_CASE("X-Forwarded-For is read from its end as far as its writers are trusted") {
  const struct {
    std::string name, peer;
    std::vector<std::string_view> lines;
    std::string source;
  } rows[] = {
      {"nothing sent", "10.0.0.1", {}, "10.0.0.1"},
      {"one hop", "10.0.0.1", {"192.0.2.1"}, "192.0.2.1"},
      {"a stranger is not believed", "192.0.2.9", {"192.0.2.1"}, "192.0.2.9"},
      {"a stranger is not believed, even naming a proxy", "192.0.2.9", {"10.0.0.2"}, "192.0.2.9"},
      {"a peer without address", "", {"192.0.2.1"}, ""},
      {"an IPv4-mapped peer", "::ffff:10.0.0.1", {"192.0.2.1"}, "192.0.2.1"},
      {"two proxies", "10.0.0.1", {"192.0.2.1, 10.0.0.2"}, "192.0.2.1"},
      {"made up by the client", "10.0.0.1", {"203.0.113.5, 192.0.2.1, 10.0.0.2"}, "192.0.2.1"},
      {"made up on a line above", "10.0.0.1", {"203.0.113.5", "192.0.2.1"}, "192.0.2.1"},
      {"a trusted name made up above", "10.0.0.1", {"10.0.0.7", "192.0.2.1"}, "192.0.2.1"},
      {"lines of two proxies", "10.0.0.1", {"192.0.2.1", "10.0.0.2"}, "192.0.2.1"},
      {"trusted all along", "10.0.0.1", {"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
      {"IPv6", "2001:db8:ffff::1", {"2001:DB8::1"}, "2001:db8::1"},
      {"with ports", "10.0.0.1", {"192.0.2.1:4711, 10.0.0.2:80"}, "192.0.2.1"},
      {"IPv6 in brackets", "10.0.0.1", {"[2001:db8::1]"}, "2001:db8::1"},
      {"IPv6 with a port", "10.0.0.1", {"[2001:db8::1]:4711"}, "2001:db8::1"},
      {"IPv4-mapped", "10.0.0.1", {"::ffff:192.0.2.1"}, "192.0.2.1"},
      {"spaces and tabs", "10.0.0.1", {" 192.0.2.1 \t,\t10.0.0.2 "}, "192.0.2.1"},
      {"empty line", "10.0.0.1", {""}, "10.0.0.1"},
      {"empty entry ends it", "10.0.0.1", {"192.0.2.1,,10.0.0.2"}, "10.0.0.2"},
      {"trailing comma ends it", "10.0.0.1", {"192.0.2.1,"}, "10.0.0.1"},
      {"garbage", "10.0.0.1", {"unknown"}, "10.0.0.1"},
      {"garbage before the last hop", "10.0.0.1", {"192.0.2.1, unknown, 10.0.0.2"}, "10.0.0.2"},
      {"a name", "10.0.0.1", {"edge.example.com"}, "10.0.0.1"},
      {"quoted", "10.0.0.1", {"\"192.0.2.1\""}, "10.0.0.1"},
      {"no closing bracket", "10.0.0.1", {"[2001:db8::1"}, "10.0.0.1"},
      {"IPv4 in brackets", "10.0.0.1", {"[192.0.2.1]"}, "10.0.0.1"},
      {"a port that is none", "10.0.0.1", {"192.0.2.1:"}, "10.0.0.1"},
      {"a port that is too long", "10.0.0.1", {"192.0.2.1:123456"}, "10.0.0.1"},
      {"more after the bracket", "10.0.0.1", {"[2001:db8::1]4711"}, "10.0.0.1"},
      {"more after a port", "10.0.0.1", {"192.0.2.1:80:80"}, "10.0.0.1"},
      {"a zone", "10.0.0.1", {"fe80::1%eth0"}, "10.0.0.1"},
      {"a NUL", "10.0.0.1", {std::string_view("192.0.2.1\0", 10)}, "10.0.0.1"},
      {"IPv6 that could be a port", "10.0.0.1", {"2001:db8::80"}, "2001:db8::80"},
      {"short IPv6", "10.0.0.1", {"::1"}, "::1"},
  };
  const auto trusted = proxies();
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CHECK(forwarded_source(row.peer, row.lines, trusted) == row.source);
  }
}

TEST_CASE("X-Forwarded-For is not believed when nobody is trusted") {
  CHECK(forwarded_source("10.0.0.1", {"192.0.2.1"}, AddressSet()) == "10.0.0.1");
}

TEST_CASE("a walk through X-Forwarded-For has a bound") {
  std::string hops = "192.0.2.1";
  for (std::size_t i = 1; i < kMaxForwardedHops; ++i) hops += ",10.0.0.2";
  CHECK(forwarded_source("10.0.0.1", {hops}, proxies()) == "192.0.2.1");
  hops += ",10.0.0.2";
  CHECK(forwarded_source("10.0.0.1", {hops}, proxies()) == "10.0.0.2");
  const std::string commas(100'000, ',');
  CHECK(forwarded_source("10.0.0.1", {commas}, proxies()) == "10.0.0.1");
}
