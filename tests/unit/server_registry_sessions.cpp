// Live sessions as they are listed, and ended from outside.
#include "server_registry_driver.hpp"

namespace edge::server::test {
namespace {

const SessionId kSession{"0123456789abcdef"};

}  // namespace

TEST_CASE("a session is listed with who has it, where, and for how long") {
  Fleet fleet;
  const auto tunnel = fleet.open(fleet.first);
  wire::AgentReport report;
  report.host_name = "worker-1";
  fleet.registry.agent_reported(fleet.first, report);
  const auto session = std::make_shared<LiveSession>();
  session->id = kSession;
  session->endpoint = kEndpoint;
  session->instance = kFirst;
  session->operator_name = "alice as root";
  session->login = {"root", 0, 4711, 1000, "alice", 3};
  session->since = fleet.clock.wall();
  session->last_input.set(fleet.clock.steady());
  fleet.registry.add_session(session);
  fleet.registry.move_session(*session, *tunnel);
  fleet.clock.advance(milliseconds{2'500});
  session->count(10, 20, fleet.clock.steady());
  fleet.clock.advance(milliseconds{3'500});
  session->count(30, 20, fleet.clock.steady());  // the node's bytes make nobody less idle

  CHECK(fleet.registry.session_ids() == std::vector<SessionId>{kSession});
  const auto shown = fleet.registry.describe_session(kSession);
  CHECK(shown["endpoint"] == "pump-7");
  CHECK(shown["instance"] == kFirst.text);
  CHECK(shown["host-name"] == "worker-1");
  CHECK(shown["tunnel"] == tunnel->id().text);
  CHECK(shown["way"] == "direct");
  CHECK(shown["operator"] == "alice as root");
  CHECK(shown["user"] == "root");
  CHECK(shown["pid"] == 4711);
  CHECK(shown["login-user"] == "alice");
  CHECK(shown["login-uid"] == 1000);
  CHECK(shown["login-session"] == 3);
  CHECK(shown["state"] == "live");
  CHECK(shown["idle"] == "3s");
  CHECK(shown["bytes-in"] == 30);
  CHECK(shown["bytes-out"] == 20);
  CHECK(shown["resumes"] == 0);
  CHECK(shown["ends"].is_null());
  fleet.registry.remove_session(*session);
  CHECK(fleet.registry.describe_session(kSession).is_null());
  CHECK(fleet.registry.session_ids().empty());
}

TEST_CASE("what nobody knows of a session's operator is null and not a number") {
  Fleet fleet;
  fleet.session_on(kFirst);
  const auto shown = fleet.registry.describe_session(kSession);
  CHECK(shown["login-uid"].is_null());
  CHECK(shown["login-session"].is_null());
  CHECK(shown["login-user"] == "");
}

TEST_CASE("a session says which timer will end it, and when") {
  Fleet fleet;
  const auto session = fleet.session_on(kFirst);
  const auto now = fleet.clock.steady();
  const auto shown = [&] { return fleet.registry.describe_session(kSession); };
  session->last_input.set(now);
  session->idle_limit = 60'000;
  CHECK(shown()["ends"]["for"] == "idle");
  CHECK(shown()["ends"]["at"] == format_rfc3339(fleet.clock.wall() + milliseconds{60'000}));
  session->paused_since.set(now);
  CHECK(shown()["state"] == "paused");
  CHECK(shown()["paused-since"] == format_rfc3339(fleet.clock.wall()));
  CHECK(shown()["ends"].is_null());
  session->given_up_at.set(now + std::chrono::minutes{10});
  CHECK(shown()["ends"]["for"] == "not-resumed");
  CHECK(shown()["ends"]["at"] == format_rfc3339(fleet.clock.wall() + milliseconds{600'000}));
  session->paused_since.set(std::nullopt);
  CHECK(shown()["state"] == "live");
  CHECK(shown()["ends"]["for"] == "idle");
}

TEST_CASE("a session that is ended from outside is ended once, on its loop, and it says why") {
  Fleet fleet;
  const auto session = fleet.session_on(kFirst);
  int ended = 0;
  session->end.on_ask(fleet.loop.get_executor(), [&ended] { ++ended; });
  CHECK(fleet.registry.end_session(kSession, "killed by bob"));
  CHECK(fleet.registry.end_session(kSession, "killed by carol"));
  CHECK(ended == 0);  // not here
  fleet.loop.run();
  CHECK(ended == 1);
  CHECK(fleet.registry.describe_session(kSession)["state"] == "ending");
  fleet.registry.remove_session(*session);
  CHECK(fleet.registry.why_ended(kSession) == "killed by bob");
  CHECK_FALSE(fleet.registry.end_session(kSession, "killed by carol"));
  CHECK(fleet.registry.why_ended(SessionId{"fedcba9876543210"}).empty());
}

TEST_CASE("whoever asks before a session is carried, or while it is not, is heard when it is") {
  Fleet fleet;
  const auto session = fleet.session_on(kFirst);
  int ended = 0;
  session->end.on_ask(fleet.loop.get_executor(), [&ended] { ended += 100; });
  session->end.forget();
  session->end.ask();
  fleet.loop.run();
  CHECK(ended == 0);
  session->end.on_ask(fleet.loop.get_executor(), [&ended] { ++ended; });
  fleet.loop.restart();
  fleet.loop.run();
  CHECK(ended == 1);
}

TEST_CASE("who was posted to end a session that has ended by itself ends nothing") {
  Fleet fleet;
  const auto session = fleet.session_on(kFirst);
  int ended = 0;
  session->end.on_ask(fleet.loop.get_executor(), [&ended] { ++ended; });
  session->end.ask();
  session->end.forget();
  fleet.loop.run();
  CHECK(ended == 0);
}

TEST_CASE("the sessions of an endpoint that was removed are listed no more, and forgotten") {
  Fleet fleet;
  const auto session = fleet.session_on(kFirst);
  fleet.registry.remove(kEndpoint, {kEndpoint, "pump-7", key_of_endpoint(), WallTime{}});
  CHECK(fleet.registry.describe_session(kSession).is_null());
  fleet.registry.remove_session(*session);
  CHECK(fleet.registry.session_ids().empty());
}

}  // namespace edge::server::test
