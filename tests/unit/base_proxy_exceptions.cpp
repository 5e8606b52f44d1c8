#include <doctest/doctest.h>

#include "base/proxy_exceptions.hpp"
#include "printing.hpp"

using namespace edge;

TEST_CASE("what is dialled without a proxy follows curl's rules") {
  const struct {
    std::string entry;
    std::vector<HostPort> inside, outside;
  } rows[] = {
      {"example.com",
       {{"example.com", 1}, {"edge.example.com", 2}, {"EDGE.Example.COM", 3}},
       {{"notexample.com", 1}, {"example.com.evil", 1}, {"example.org", 1}, {"com", 1}}},
      {".example.com", {{"example.com", 1}, {"edge.example.com", 2}}, {{"notexample.com", 1}}},
      {"*.example.com", {{"example.com", 1}, {"edge.example.com", 2}}, {{"notexample.com", 1}}},
      {"Example.com.", {{"example.com", 1}}, {{"notexample.com", 1}}},
      {"example.com:9000",
       {{"example.com", 9000}, {"edge.example.com", 9000}},
       {{"example.com", 8000}}},
      {"localhost", {{"localhost", 1}}, {{"127.0.0.1", 1}, {"::1", 1}}},
      {"192.0.2.1", {{"192.0.2.1", 1}}, {{"192.0.2.10", 1}, {"a.192.0.2.1", 1}}},
      {"192.0.2.1:9000", {{"192.0.2.1", 9000}}, {{"192.0.2.1", 8000}}},
      {"2001:db8::1", {{"2001:db8::1", 1}, {"2001:DB8:0::1", 2}}, {{"2001:db8::2", 1}}},
      {"[2001:db8::1]", {{"2001:db8::1", 1}}, {{"2001:db8::2", 1}}},
      {"[2001:db8::1]:9000", {{"2001:db8::1", 9000}}, {{"2001:db8::1", 8000}}},
      {"10.0.0.0/8", {{"10.255.0.1", 1}}, {{"11.0.0.1", 1}, {"::a00:1", 1}, {"ten.example", 1}}},
      {"10.1.2.3/8", {{"10.255.0.1", 1}}, {{"11.0.0.1", 1}}},
      {"192.168.0.0/25", {{"192.168.0.127", 1}}, {{"192.168.0.128", 1}}},
      {"2001:db8::/32", {{"2001:db8:ffff::1", 1}}, {{"2001:db9::1", 1}, {"192.0.2.1", 1}}},
      {"0.0.0.0/0", {{"192.0.2.1", 1}}, {{"::1", 1}, {"example.com", 1}}},
      {"*", {{"anything", 1}, {"192.0.2.1", 2}, {"::1", 3}}, {}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.entry);
    const auto parsed = ProxyExceptions::parse({row.entry});
    REQUIRE(parsed);
    const auto from_environment = ProxyExceptions::from_environment(row.entry);
    for (const auto& address : row.inside) {
      CAPTURE(format_host_port(address));
      CHECK(parsed->contains(address));
      CHECK(from_environment.contains(address));
    }
    for (const auto& address : row.outside) {
      CAPTURE(format_host_port(address));
      CHECK_FALSE(parsed->contains(address));
      CHECK_FALSE(from_environment.contains(address));
    }
  }
}

TEST_CASE("each mistake among the exceptions is named") {
  const auto parsed = ProxyExceptions::parse({"example.com", "a b", "10.0.0.0/33", "x:y", "x:0",
                                              "[::1", "[::1]x", "192.0.2.300", "", "\x1b[2J"});
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().code == Errc::usage);
  CHECK(parsed.error().message ==
        "'a b' is no name, address or range\n'10.0.0.0/33' is no name, address or range\n"
        "'x:y' is no name, address or range\n'x:0' is no name, address or range\n"
        "'[::1' is no name, address or range\n'[::1]x' is no name, address or range\n"
        "'192.0.2.300' is no name, address or range\n'' is no name, address or range\n"
        "'\xef\xbf\xbd[2J' is no name, address or range");
}

TEST_CASE("the environment's exceptions are taken as far as they can be read") {
  const auto list =
      ProxyExceptions::from_environment(" one.example,, two.example\tthree.example ,<local>,x:y ");
  for (const char* host : {"one.example", "a.two.example", "three.example"})
    CHECK(list.contains({host, 1}));
  CHECK_FALSE(list.contains({"four.example", 1}));
  CHECK_FALSE(list.contains({"local", 1}));
  for (const char* nothing : {"", " ", ",", " , ,"})
    CHECK(ProxyExceptions::from_environment(nothing).empty());
  CHECK(ProxyExceptions::from_environment("one.example, *").contains({"anything", 1}));
}

TEST_CASE("exceptions are bounded in number") {
  using List = std::vector<std::string>;
  CHECK(ProxyExceptions::parse(List(ProxyExceptions::kMostEntries, "a.example")));
  CHECK_FALSE(ProxyExceptions::parse(List(ProxyExceptions::kMostEntries + 1, "a.example")));
  std::string many;
  for (std::size_t i = 0; i < ProxyExceptions::kMostEntries; ++i) many += "a.example,";
  CHECK_FALSE(ProxyExceptions::from_environment(many + "b.example").contains({"b.example", 1}));
}
