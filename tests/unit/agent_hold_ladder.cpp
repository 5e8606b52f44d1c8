#include <doctest/doctest.h>

#include "agent/hold_ladder.hpp"
#include "printing.hpp"

namespace edge::agent {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using Age = std::optional<milliseconds>;

constexpr seconds kOrdered{55};
constexpr std::nullopt_t kNever = std::nullopt;  // no answer until the agent gave up

// What an agent lives through with its ladder, as CheckInLoop tells it.
struct Agent {
  HoldLadder ladder;
  SteadyTime now{};

  Agent() {
    ladder.order(seconds{5}, kOrdered);
    ladder.take_way("here to there");
  }
  milliseconds next() const { return ladder.next(now); }
  void cut(Age age, bool same_edged = true) {
    const auto asked = next();
    now += age.value_or(asked + seconds{15});
    ladder.cut(asked, age);
    ladder.settle(same_edged, now);
  }
  void lived_through() {
    const auto asked = next();
    now += asked;
    ladder.answered(asked, asked);
  }
};

}  // namespace

TEST_CASE("two cuts of a like age shorten the wait to somewhat below them, at once") {
  struct Row {
    Age first, second;
    seconds expected;
  };
  for (const Row& row : {
           Row{seconds{30}, seconds{30}, seconds{25}},
           Row{milliseconds{30'021}, milliseconds{30'900}, seconds{25}},
           Row{milliseconds{30'900}, milliseconds{30'021}, seconds{25}},
           Row{seconds{50}, seconds{52}, seconds{41}},
           Row{seconds{10}, seconds{30}, kOrdered},  // not alike
           Row{seconds{30}, seconds{10}, kOrdered},
           Row{kNever, kNever, seconds{27}},  // half: nobody knows when it was cut
           Row{kNever, seconds{30}, kOrdered},
           Row{seconds{6}, seconds{6}, seconds{5}},
           Row{milliseconds{5'500}, seconds{6}, seconds{0}},  // 4.6 s is not worth it
           Row{milliseconds{400}, milliseconds{400}, seconds{0}},
       }) {
    Agent agent;
    agent.cut(row.first);
    CHECK(agent.next() == kOrdered);
    CHECK_FALSE(agent.ladder.shortened());
    agent.cut(row.second);
    CHECK(agent.next() == row.expected);
    CHECK(agent.ladder.shortened().has_value() == (row.expected != kOrdered));
  }
}

TEST_CASE("edged's own end shortens nothing, however often and whenever it ends") {
  Agent agent;
  for (int i = 0; i < 20; ++i) agent.cut(seconds{30}, /*same_edged=*/false);
  CHECK(agent.next() == kOrdered);
}

TEST_CASE("a wait that was lived through between two cuts keeps the order") {
  Agent agent;
  for (int i = 0; i < 20; ++i) {
    agent.cut(seconds{30});
    agent.lived_through();
  }
  CHECK(agent.next() == kOrdered);
}

TEST_CASE("an early answer of edged between two cuts proves nothing") {
  Agent agent;
  agent.cut(seconds{30});
  agent.ladder.answered(kOrdered, seconds{20});
  agent.cut(seconds{30});
  CHECK(agent.next() == seconds{25});
}

TEST_CASE("cuts of any age shorten the wait when there are four in a row") {
  Agent agent;
  for (const int age : {40, 12, 30}) agent.cut(seconds{age});
  CHECK(agent.next() == kOrdered);
  agent.cut(seconds{20});
  CHECK(agent.next() == seconds{10});
}

TEST_CASE("a short cut before two like ones does not count against them") {
  Agent agent;
  for (const int age : {7, 30, 30}) agent.cut(seconds{age});
  CHECK(agent.next() == seconds{25});
}

TEST_CASE("a shortened wait that is lived through is kept") {
  Agent agent;
  agent.cut(seconds{30});
  agent.cut(seconds{30});
  for (int i = 0; i < 100; ++i) agent.lived_through();
  CHECK(agent.next() == seconds{25});
  agent.cut(seconds{10});  // one more says as little as the first did
  CHECK(agent.next() == seconds{25});
}

TEST_CASE("until it is lived through each cut is another step, and the third is plain polling") {
  Agent agent;
  for (int i = 0; i < 2; ++i) agent.cut(seconds{30});
  CHECK(agent.next() == seconds{25});
  agent.cut(seconds{20});
  CHECK(agent.next() == seconds{16});
  agent.cut(seconds{14});
  CHECK(agent.next() == milliseconds{0});
  CHECK(agent.ladder.shortened() == milliseconds{0});
}

TEST_CASE("no wait becomes shorter than the interval or five seconds, whichever is less") {
  Agent agent;
  agent.ladder.order(milliseconds{500}, seconds{4});
  for (int i = 0; i < 2; ++i) agent.cut(seconds{1});
  CHECK(agent.next() == milliseconds{800});
  agent.ladder.order(seconds{60}, kOrdered);
  for (int i = 0; i < 2; ++i) agent.cut(seconds{12});
  CHECK(agent.next() == seconds{10});
}

TEST_CASE("the whole wait is tried once an hour, and one cut is what that costs") {
  Agent agent;
  for (int i = 0; i < 2; ++i) agent.cut(seconds{30});
  agent.lived_through();
  for (int hour = 0; hour < 3; ++hour) {
    agent.now += minutes{60};
    CHECK(agent.next() == kOrdered);
    agent.cut(seconds{30});
    CHECK(agent.next() == seconds{25});
    agent.now += minutes{59};
    CHECK(agent.next() == seconds{25});
  }
  CHECK(agent.ladder.shortened() == seconds{25});
}

TEST_CASE("the whole wait is kept once it was lived through again, from plain polling too") {
  for (const milliseconds age : {milliseconds{30'000}, milliseconds{400}}) {
    Agent agent;
    for (int i = 0; i < 2; ++i) agent.cut(age);
    agent.now += minutes{61};
    agent.ladder.answered(kOrdered, seconds{20});  // inconclusive: still due
    CHECK(agent.next() == kOrdered);
    CHECK(agent.ladder.shortened());
    agent.lived_through();
    CHECK(agent.next() == kOrdered);
    CHECK_FALSE(agent.ladder.shortened());
    agent.cut(age);  // and it counts anew
    CHECK(agent.next() == kOrdered);
  }
}

TEST_CASE("a whole wait that is cut later than before raises the shortened one") {
  Agent agent;
  for (int i = 0; i < 2; ++i) agent.cut(milliseconds{400});
  REQUIRE(agent.next() == milliseconds{0});
  agent.now += minutes{61};
  agent.cut(seconds{30});
  CHECK(agent.next() == seconds{25});
}

TEST_CASE("another order and another way start over") {
  Agent agent;
  for (int i = 0; i < 2; ++i) agent.cut(seconds{30});
  agent.ladder.order(seconds{5}, kOrdered);  // the same
  agent.ladder.take_way("here to there");
  CHECK(agent.next() == seconds{25});
  agent.ladder.take_way("elsewhere to there");
  CHECK(agent.next() == kOrdered);
  for (int i = 0; i < 2; ++i) agent.cut(seconds{30});
  agent.ladder.order(seconds{5}, seconds{40});
  CHECK(agent.next() == seconds{40});
  agent.ladder.order(seconds{5}, seconds{0});
  CHECK(agent.next() == seconds{0});
  CHECK_FALSE(agent.ladder.shortened());  // that is the order
}

TEST_CASE("waits that are answered at once are plain polling, and offered all the same") {
  Agent agent;
  for (int i = 0; i < 3; ++i) {
    CHECK_FALSE(agent.ladder.is_pointless());
    agent.ladder.answered(kOrdered, milliseconds{2});
  }
  CHECK(agent.ladder.is_pointless());
  CHECK(agent.ladder.shortened() == milliseconds{0});
  CHECK(agent.next() == kOrdered);
  agent.lived_through();
  CHECK_FALSE(agent.ladder.is_pointless());
  CHECK_FALSE(agent.ladder.shortened());
}

}  // namespace edge::agent
