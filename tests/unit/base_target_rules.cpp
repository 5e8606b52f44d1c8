#include <doctest/doctest.h>

#include "base/target_rules.hpp"
#include "printing.hpp"

using namespace edge;

namespace {

bool allows(const std::vector<std::string>& entries, const std::string& address,
            std::uint16_t port) {
  const auto rules = TargetRules::parse(entries);
  REQUIRE(rules);
  const auto parsed = parse_ip(address);
  REQUIRE(parsed);
  return rules->allows(*parsed, port);
}

}  // namespace

TEST_CASE("a target rule allows its addresses and ports and nothing beside them") {
  struct Target {
    std::string address;
    std::uint16_t port;
  };
  const struct {
    std::string entry;
    std::vector<Target> inside, outside;
  } rows[] = {
      {"192.0.2.1", {{"192.0.2.1", 1}, {"::ffff:192.0.2.1", 65'535}}, {{"192.0.2.2", 1}}},
      {"192.0.2.1:22", {{"192.0.2.1", 22}}, {{"192.0.2.1", 23}, {"192.0.2.2", 22}}},
      {"10.0.0.0/8:*", {{"10.9.9.9", 7}}, {{"11.0.0.1", 7}}},
      {"10.0.0.0/8:80-81",
       {{"10.0.0.1", 80}, {"10.0.0.1", 81}},
       {{"10.0.0.1", 79}, {"10.0.0.1", 82}, {"11.0.0.1", 80}}},
      {"2001:db8::/32", {{"2001:db8::7", 443}}, {{"2001:db9::7", 443}}},
      {"[2001:db8::/32]:443", {{"2001:db8::7", 443}}, {{"2001:db8::7", 80}}},
      {"[::1]", {{"::1", 1}}, {{"127.0.0.1", 1}, {"::2", 1}}},
      {"localhost",
       {{"127.0.0.1", 22}, {"127.9.9.9", 22}, {"::1", 22}, {"::ffff:127.0.0.1", 22}},
       {{"0.0.0.0", 22}, {"::", 22}, {"128.0.0.1", 22}, {"::127.0.0.1", 22}}},
      {"localhost:5432", {{"::1", 5432}}, {{"::1", 5433}}},
      {"*:8000-8099", {{"192.0.2.1", 8000}, {"2001:db8::1", 8099}}, {{"192.0.2.1", 8100}}},
      {"*", {{"0.0.0.0", 0}, {"2001:db8::1", 65'535}}, {}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.entry);
    for (const auto& target : row.inside) {
      CAPTURE(target.address);
      CHECK(allows({row.entry}, target.address, target.port));
    }
    for (const auto& target : row.outside) {
      CAPTURE(target.address);
      CHECK_FALSE(allows({row.entry}, target.address, target.port));
    }
  }
}

TEST_CASE("of several target rules one that allows is enough, and none allow nothing") {
  CHECK(allows({"10.0.0.0/8:22", "localhost"}, "127.0.0.1", 80));
  CHECK_FALSE(allows({"10.0.0.0/8:22", "localhost"}, "10.0.0.1", 80));
  CHECK_FALSE(allows({}, "127.0.0.1", 80));
}

TEST_CASE("what is no target rule is refused with a line for each mistake") {
  for (const std::string entry :
       {"", "db.internal", "db.internal:5432", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:-1",
        "192.0.2.1:9-8", "192.0.2.1:1-", "10.0.0.1/8", "[::1", "[::1]22", "[]:22", ":22", "22",
        "*:x", "**", "127.0.0.1\n:22", "localhost.:1"}) {
    CAPTURE(entry);
    const auto rules = TargetRules::parse({"*", entry});
    REQUIRE_FALSE(rules);
    CHECK(rules.error().code == Errc::usage);
  }
  const auto two = TargetRules::parse({"a.example", "10.0.0.0/8", "\x1b[2J"});
  REQUIRE_FALSE(two);
  CHECK(two.error().message.find("'a.example'") != std::string::npos);
  CHECK(two.error().message.find('\n') != std::string::npos);
  CHECK(two.error().message.find('\x1b') == std::string::npos);
}

TEST_CASE("a rule for sockets allows their paths, and none of addresses does but the one for all") {
  const struct {
    std::string entry;
    std::vector<std::string> inside, outside;
  } rows[] = {
      {"unix:/run/docker.sock", {"/run/docker.sock"}, {"/run/docker.sock2", "/run/docker.soc"}},
      {"unix:/run/*.sock", {"/run/a.sock", "/run/.sock"}, {"/run/a/b.sock", "/var/run/a.sock"}},
      {"unix:/run/**", {"/run/a", "/run/a/b.sock"}, {"/run", "/runs/a", "/var/run/a"}},
      {"unix:/home/*/s/**", {"/home/ada/s/x/y"}, {"/home/ada/t/x", "/home/a/b/s/x"}},
      {"unix:**", {"/a", "/a/b"}, {}},
      {"unix:*", {"/a", "/a/b"}, {}},
      {"*", {"/a/b"}, {}},
      {"*:80", {}, {"/a/b"}},
      {"*:*", {}, {"/a/b"}},
      {"localhost", {}, {"/run/a"}},
      {"0.0.0.0/0", {}, {"/run/a"}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.entry);
    const auto rules = TargetRules::parse({row.entry});
    REQUIRE(rules);
    for (const auto& path : row.inside) CHECK(rules->allows_socket(path));
    for (const auto& path : row.outside) CHECK_FALSE(rules->allows_socket(path));
  }
  CHECK_FALSE(allows({"unix:**", "unix:*"}, "127.0.0.1", 80));
  for (const std::string entry : {"unix:", "unix:run/a", "unix:/*/*/*/*/*/*/*/*/*", "/run/a"}) {
    CAPTURE(entry);
    CHECK_FALSE(TargetRules::parse({entry}));
  }
}
