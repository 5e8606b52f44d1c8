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
  CHECK(endpoint_state(std::nullopt, false, allowed, now) == EndpointState::fresh);
  CHECK(endpoint_state(now, false, allowed, now) == EndpointState::online);
  CHECK(endpoint_state(now - allowed, false, allowed, now) == EndpointState::online);
  CHECK(endpoint_state(now - allowed - milliseconds{1}, false, allowed, now) ==
        EndpointState::offline);
  CHECK(endpoint_state(now - std::chrono::hours{1}, true, allowed, now) == EndpointState::online);
  CHECK(std::string(to_string(EndpointState::fresh)) == "new");
}

TEST_CASE("how long an endpoint may be silent follows the slower of its two paces") {
  CHECK(silence_allowed(milliseconds{5'000}, milliseconds{55'000}) == milliseconds{130'000});
  CHECK(silence_allowed(milliseconds{60'000}, milliseconds{0}) == milliseconds{140'000});
}

}  // namespace edge::fleet
