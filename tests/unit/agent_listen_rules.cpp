#include <doctest/doctest.h>

#include "agent/listen_rules.hpp"
#include "printing.hpp"

using namespace edge;
using namespace edge::agent;

TEST_CASE("a listener is where it was asked for, and only where the rules allow it") {
  using Texts = std::vector<std::string>;
  const struct {
    Texts rules;
    std::string asked;
    std::uint16_t port;
    Texts addresses;
  } rows[] = {
      {{"localhost"}, "", 8080, {"127.0.0.1", "::1"}},
      {{"localhost"}, "*", 8080, {"127.0.0.1", "::1"}},
      {{"localhost"}, "localhost", 0, {"127.0.0.1", "::1"}},
      {{"localhost"}, "127.0.0.9", 8080, {"127.0.0.9"}},
      {{"localhost"}, "::ffff:127.0.0.1", 8080, {"::ffff:127.0.0.1"}},
      {{"localhost"}, "0.0.0.0", 8080, {}},
      {{"localhost"}, "::", 8080, {}},
      {{"localhost"}, "192.0.2.1", 8080, {}},
      {{"localhost"}, "node.example", 8080, {}},
      {{"*"}, "node.example", 8080, {}},
      {{"*"}, "", 8080, {"0.0.0.0", "::"}},
      {{"*"}, "localhost", 8080, {"127.0.0.1", "::1"}},
      {{"0.0.0.0", "localhost"}, "", 8080, {"127.0.0.1", "::1"}},
      {{"0.0.0.0"}, "0.0.0.0", 8080, {"0.0.0.0"}},
      {{"127.0.0.1:8000-8099"}, "localhost", 8099, {"127.0.0.1"}},
      {{"127.0.0.1:8000-8099"}, "localhost", 8100, {}},
      {{"127.0.0.1:8000-8099"}, "localhost", 0, {}},
      {{}, "localhost", 8080, {}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.asked);
    const auto rules = TargetRules::parse(row.rules);
    REQUIRE(rules);
    CHECK(listen_addresses(*rules, row.asked, row.port) == row.addresses);
  }
}

TEST_CASE("what the kernel keeps for root is root's only, whatever the agent may do") {
  CHECK(may_listen_on(80, "root", 1024));
  CHECK(may_listen_on(1024, "deploy", 1024));
  CHECK(may_listen_on(0, "deploy", 1024));
  CHECK(may_listen_on(80, "deploy", 80));
  for (const std::string account : {"deploy", "", "-", "Root", "root "}) {
    CAPTURE(account);
    CHECK_FALSE(may_listen_on(1023, account, 1024));
  }
}
