#include <doctest/doctest.h>

#include "fleet/presence.hpp"

namespace edge::fleet {

TEST_CASE("a counter is taken once and only when it rises") {
  CounterGate gate;
  CHECK_FALSE(gate.accept(0));
  CHECK(gate.accept(5));
  CHECK_FALSE(gate.accept(5));
  CHECK_FALSE(gate.accept(4));
  CHECK(gate.accept(UINT64_MAX));
  CHECK_FALSE(gate.accept(UINT64_MAX));
}

TEST_CASE("an agent that comes back on a new connection is no clone") {
  CloneGuard guard;
  bool first = true;
  for (CloneGuard::Connection connection = 1; connection < 100; ++connection) {
    CHECK(guard.accept(connection, first));
    CHECK(guard.accept(connection, first));
    CHECK_FALSE(first);
  }
}

TEST_CASE("two connections that take turns are clones and both are told once") {
  CloneGuard guard;
  bool first = false;
  CHECK(guard.accept(1, first));
  CHECK(guard.accept(2, first));
  CHECK_FALSE(guard.accept(1, first));
  CHECK(first);
  CHECK_FALSE(guard.accept(2, first));
  CHECK_FALSE(first);
  CHECK(guard.accept(2, first));
}

TEST_CASE("a closed connection is forgotten by the clone guard") {
  CloneGuard guard;
  bool first = false;
  REQUIRE(guard.accept(1, first));
  REQUIRE(guard.accept(2, first));
  guard.closed(1);
  CHECK(guard.accept(1, first));  // the number is only ever used again in this test
  CHECK_FALSE(first);
}

TEST_CASE("the clone guard remembers a few replaced connections, not all") {
  CloneGuard guard;
  bool first = false;
  for (CloneGuard::Connection connection = 1; connection <= 5; ++connection)
    guard.accept(connection, first);
  CHECK_FALSE(guard.accept(1, first));  // four back: still known
  CHECK(first);
}

TEST_CASE("an endpoint is new, online or offline") {
  const SteadyTime now{std::chrono::hours{1}};
  const milliseconds allowed{130'000};
  const auto long_ago = now - allowed - milliseconds{1};
  const struct {
    const char* name;
    SignsOfLife signs;
    EndpointState expected;
  } rows[] = {
      {"never seen", {}, EndpointState::fresh},
      {"seen now", {now, {}, false}, EndpointState::online},
      {"silent for as long as it may be", {now - allowed, {}, false}, EndpointState::online},
      {"silent for longer", {long_ago, {}, false}, EndpointState::offline},
      {"silent for longer, with a tunnel", {long_ago, {}, true}, EndpointState::online},
      {"expected back until now", {long_ago, now, false}, EndpointState::online},
      {"not come back", {long_ago, now - milliseconds{1}, false}, EndpointState::offline},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CHECK(endpoint_state(row.signs, allowed, now) == row.expected);
  }
  CHECK(std::string(to_string(EndpointState::fresh)) == "new");
}

TEST_CASE("who returns after a start of edged has the longest back-off and a handshake for it") {
  CHECK(time_to_return(milliseconds{30'000}) == milliseconds{70'000});
  CHECK(time_to_return(milliseconds{130'000}) == milliseconds{130'000});
}

TEST_CASE("how long an endpoint may be silent follows the slower of its two paces") {
  CHECK(silence_allowed(milliseconds{5'000}, milliseconds{55'000}) == milliseconds{130'000});
  CHECK(silence_allowed(milliseconds{60'000}, milliseconds{0}) == milliseconds{140'000});
}

}  // namespace edge::fleet
