#include <doctest/doctest.h>

#include <vector>

#include "fleet/tunnel_life.hpp"

namespace edge::fleet {
namespace {

const InstanceId kFirst{"aaaa"}, kSecond{"bbbb"};
const TunnelId kOne{"1111"}, kTwo{"2222"}, kThree{"3333"};

// A life with a clock, and what it said about itself.
struct Story {
  SteadyTime now{std::chrono::hours{1}};
  std::vector<std::string> said;
  TunnelLife life{{}, [this](TunnelState from, TunnelState to, Reason reason) {
                    said.push_back(std::string(to_string(from)) + ">" + to_string(to) + ":" +
                                   to_string(reason));
                  }};
  void pass(milliseconds time) { now += time; }
  void open() {
    life.raise(now);
    REQUIRE(life.ask(kFirst, kOne, now));
    REQUIRE(life.opened(kOne, now));
  }
};

}  // namespace

TEST_CASE("a tunnel that nobody needs is refused to who asks") {
  Story story;
  CHECK_FALSE(story.life.ask(kFirst, kOne, story.now));
  CHECK(story.life.state() == TunnelState::idle);
  CHECK_FALSE(story.life.next_deadline());
}

TEST_CASE("a tunnel lives from required to open to closing to idle") {
  Story story;
  story.open();
  story.life.lower(story.now);
  CHECK(story.life.closing(kOne, story.now));
  story.life.closed(kOne, Reason::idle, false, story.now);
  CHECK(story.said == std::vector<std::string>{"idle>required:", "required>connecting:",
                                               "connecting>open:", "open>closing:idle",
                                               "closing>idle:idle"});
}

TEST_CASE("the first who asks wins and the others wait for its deadline") {
  Story story;
  story.life.raise(story.now);
  CHECK(story.life.ask(kFirst, kOne, story.now));
  CHECK_FALSE(story.life.ask(kSecond, kTwo, story.now));
  CHECK(story.life.lease().winner == kFirst);
  CHECK(story.life.next_deadline() == story.now + LifeLimits{}.open_deadline);
}

TEST_CASE("the next one gets the lease of a winner that was too slow") {
  Story story;
  story.life.raise(story.now);
  REQUIRE(story.life.ask(kFirst, kOne, story.now));
  story.pass(LifeLimits{}.open_deadline);
  CHECK(story.life.ask(kSecond, kTwo, story.now));
  CHECK(story.life.reason() == Reason::handshake_timeout);
  CHECK_FALSE(story.life.opened(kOne, story.now));
  CHECK(story.life.opened(kTwo, story.now));
}

TEST_CASE("the winner that asks again gets a new tunnel and its old one is dead") {
  Story story;
  story.life.raise(story.now);
  REQUIRE(story.life.ask(kFirst, kOne, story.now));
  CHECK(story.life.ask(kFirst, kTwo, story.now));
  CHECK_FALSE(story.life.opened(kOne, story.now));
  CHECK(story.life.opened(kTwo, story.now));
}

TEST_CASE("a lease that ran out is not renewed when nobody needs the tunnel any more") {
  Story story;
  story.life.raise(story.now);
  REQUIRE(story.life.ask(kFirst, kOne, story.now));
  story.life.lower(story.now);
  story.pass(LifeLimits{}.open_deadline);
  CHECK_FALSE(story.life.ask(kSecond, kTwo, story.now));
  CHECK(story.life.state() == TunnelState::failed);
  CHECK(story.life.reason() == Reason::handshake_timeout);
}

TEST_CASE("a winner that asks again when nobody needs it any more is not told to try for ever") {
  Story story;
  story.life.raise(story.now);
  REQUIRE(story.life.ask(kFirst, kOne, story.now));
  story.life.lower(story.now);
  CHECK_FALSE(story.life.ask(kFirst, kTwo, story.now));
  CHECK(story.life.state() == TunnelState::failed);
  CHECK(story.life.reason() == Reason::handshake_timeout);
}

TEST_CASE("who has the open tunnel and asks has lost it") {
  Story story;
  story.open();
  CHECK(story.life.ask(kFirst, kTwo, story.now));  // still needed: it connects again at once
  CHECK(story.life.lease().tunnel == kTwo);
  CHECK_FALSE(story.life.closing(kOne, story.now));
}

TEST_CASE("another instance that asks does not touch an open tunnel") {
  Story story;
  story.open();
  CHECK_FALSE(story.life.ask(kSecond, kTwo, story.now));
  CHECK(story.life.state() == TunnelState::open);
}

TEST_CASE("a tunnel that is needed does not close for being idle") {
  Story story;
  story.open();
  CHECK_FALSE(story.life.closing(kOne, story.now));
  story.life.lower(story.now);
  CHECK_FALSE(story.life.closing(kTwo, story.now));
  CHECK(story.life.closing(kOne, story.now));
}

TEST_CASE("an operator who comes while the tunnel closes gets a new one") {
  Story story;
  story.open();
  story.life.lower(story.now);
  REQUIRE(story.life.closing(kOne, story.now));
  story.life.raise(story.now);
  story.life.closed(kOne, Reason::idle, false, story.now);
  CHECK(story.life.state() == TunnelState::required);
  CHECK(story.life.ask(kSecond, kTwo, story.now));
}

TEST_CASE("a tunnel lost under a live session is wanted back for a minute") {
  Story story;
  story.open();
  story.life.lower(story.now);
  story.life.closed(kOne, Reason::lost, true, story.now);
  CHECK(story.life.state() == TunnelState::required);
  SUBCASE("in time") {
    story.pass(milliseconds{59'999});
    CHECK(story.life.ask(kFirst, kTwo, story.now));
    CHECK(story.life.opened(kTwo, story.now));
    CHECK_FALSE(story.life.needed(story.now));  // wanted back once
  }
  SUBCASE("too late") {
    story.pass(milliseconds{60'000});
    CHECK_FALSE(story.life.ask(kFirst, kTwo, story.now));
    CHECK(story.life.state() == TunnelState::idle);
    CHECK(story.life.reason() == Reason::lost);
  }
}

TEST_CASE("a tunnel that was lost and is not needed has failed") {
  Story story;
  story.open();
  story.life.lower(story.now);
  story.life.closed(kOne, Reason::lost, false, story.now);
  CHECK(story.life.state() == TunnelState::failed);
  CHECK(story.life.reason() == Reason::lost);
}

TEST_CASE("the end of a former tunnel changes nothing") {
  Story story;
  story.life.raise(story.now);
  REQUIRE(story.life.ask(kFirst, kOne, story.now));
  REQUIRE(story.life.ask(kFirst, kTwo, story.now));
  REQUIRE(story.life.opened(kTwo, story.now));
  story.life.closed(kOne, Reason::lost, false, story.now);
  CHECK(story.life.state() == TunnelState::open);
}

TEST_CASE(
    "a tunnel ends with edged whoever still waits, with its association only if nobody does") {
  for (const auto reason : {Reason::endpoint_removed, Reason::shutdown}) {
    Story story;
    story.open();
    story.life.closed(kOne, reason, false, story.now);
    const bool for_good = reason == Reason::shutdown;
    CHECK(story.life.state() == (for_good ? TunnelState::idle : TunnelState::required));
    CHECK(story.life.reason() == reason);
  }
}

TEST_CASE("nobody checked in while an operator waited: that is the reason") {
  Story story;
  story.life.raise(story.now);
  story.life.lower(story.now);
  CHECK(story.life.state() == TunnelState::failed);
  CHECK(story.life.reason() == Reason::no_check_in);
}

TEST_CASE("what the agent reports stays visible when the operator gives up") {
  Story story;
  story.life.raise(story.now);
  REQUIRE(story.life.ask(kFirst, kOne, story.now));
  story.life.open_failed(kFirst, Reason::agent_unreachable_tunnel_port, story.now);
  CHECK(story.life.state() == TunnelState::required);
  story.life.lower(story.now);
  CHECK(story.life.state() == TunnelState::failed);
  CHECK(story.life.reason() == Reason::agent_unreachable_tunnel_port);
}

TEST_CASE("an instance that did not win cannot fail the winner's attempt") {
  Story story;
  story.life.raise(story.now);
  REQUIRE(story.life.ask(kFirst, kOne, story.now));
  story.life.open_failed(kSecond, Reason::host_key_mismatch, story.now);
  CHECK(story.life.state() == TunnelState::connecting);
  CHECK(story.life.reason() == Reason::none);
}

TEST_CASE("a failed tunnel is required again by the next operator") {
  Story story;
  story.life.raise(story.now);
  story.life.lower(story.now);
  story.life.raise(story.now);
  CHECK(story.life.state() == TunnelState::required);
  CHECK(story.life.reason() == Reason::none);
}

TEST_CASE("two operators make one tunnel and the last one lets it go") {
  Story story;
  story.life.raise(story.now);
  story.life.raise(story.now);
  story.life.lower(story.now);
  CHECK(story.life.state() == TunnelState::required);
  CHECK(story.life.demand() == 1);
  story.life.lower(story.now);
  CHECK(story.life.demand() == 0);
}

TEST_CASE("a lower without a raise does not wrap around") {
  Story story;
  story.life.lower(story.now);
  CHECK(story.life.demand() == 0);
  CHECK(story.life.state() == TunnelState::idle);
}

TEST_CASE("every reason has a word of its own and comes back from it") {
  std::vector<std::string> words;
  for (int value = 0; value <= static_cast<int>(Reason::shutdown); ++value) {
    const auto reason = static_cast<Reason>(value);
    CHECK(reason_from_string(to_string(reason)) == reason);
    for (const auto& word : words) CHECK(word != to_string(reason));
    words.emplace_back(to_string(reason));
  }
  CHECK_FALSE(reason_from_string("because"));
}

TEST_CASE("a demand that another life's tunnel meets asks for none until that tunnel goes") {
  Story story;
  story.life.raise(story.now, /*met=*/true);
  CHECK(story.life.state() == TunnelState::idle);
  CHECK_FALSE(story.life.ask(kFirst, kOne, story.now));
  story.life.unmet(Reason::lost, story.now);
  CHECK(story.life.state() == TunnelState::required);
  CHECK(story.life.reason() == Reason::lost);
  story.life.met(kSecond, story.now);
  CHECK(story.life.state() == TunnelState::idle);
  story.life.lower(story.now);
  story.life.unmet(Reason::lost, story.now);  // nobody needs it any more
  CHECK(story.life.state() == TunnelState::idle);
}

TEST_CASE("whoever is on its way is let come, unless it has come in another life") {
  Story story;
  story.life.raise(story.now);
  REQUIRE(story.life.ask(kFirst, kOne, story.now));
  story.life.met(kSecond, story.now);
  CHECK(story.life.state() == TunnelState::connecting);
  story.life.met(kFirst, story.now);
  CHECK(story.life.state() == TunnelState::idle);
  CHECK_FALSE(story.life.opened(kOne, story.now));
}

TEST_CASE("a tunnel lost under a session is not given back by another instance") {
  Story story;
  story.open();
  story.life.lower(story.now);
  story.life.closed(kOne, Reason::lost, true, story.now);
  story.life.met(kSecond, story.now);
  CHECK(story.life.state() == TunnelState::required);
  story.life.met(kFirst, story.now);
  CHECK(story.life.state() == TunnelState::idle);
  CHECK_FALSE(story.life.needed(story.now));
}

}  // namespace edge::fleet
