#include <doctest/doctest.h>

#include <vector>

#include "control/exec/fan_out.hpp"
#include "control/exec/share.hpp"

namespace edge::control {
namespace {

using Numbers = std::vector<std::size_t>;

// All that may start now.
Numbers started(FanOut& fan) {
  Numbers numbers;
  while (const auto number = fan.next()) numbers.push_back(*number);
  return numbers;
}

FanOut::Limits limits(std::size_t parallel, std::size_t batch = 0,
                      std::optional<std::size_t> failures = std::nullopt) {
  return {parallel, batch, failures};
}

}  // namespace

TEST_CASE("no more run at once than are allowed, and each that ends makes room for one") {
  FanOut fan(5, limits(2));
  CHECK(started(fan) == Numbers{0, 1});
  fan.end(1, false);
  CHECK(started(fan) == Numbers{2});
  fan.end(0, false);
  fan.end(2, true);
  CHECK(started(fan) == Numbers{3, 4});
  CHECK_FALSE(fan.is_over());
  fan.end(3, false);
  fan.end(4, false);
  CHECK(fan.is_over());
  CHECK(fan.counts() == FanOut::Counts{5, 5, 1, 0, 0, 0});
  CHECK(fan.stopped() == FanOut::Stop::none);
}

TEST_CASE("a batch is finished before the next one starts") {
  FanOut fan(5, limits(10, 2));
  CHECK(started(fan) == Numbers{0, 1});
  fan.end(0, false);
  CHECK(started(fan).empty());
  fan.end(1, false);
  CHECK(started(fan) == Numbers{2, 3});
  fan.end(3, true);
  fan.end(2, false);
  CHECK(started(fan) == Numbers{4});
}

TEST_CASE("a batch whose endpoints all ended before their turn is passed over") {
  FanOut fan(4, limits(1, 2));
  fan.end(2, false);
  fan.end(3, false);
  CHECK(started(fan) == Numbers{0});
  fan.end(0, false);
  CHECK(started(fan) == Numbers{1});
  fan.end(1, false);
  CHECK(fan.is_over());
}

TEST_CASE("one failure more than are allowed, and nothing starts any more") {
  FanOut fan(6, limits(2, 0, 1));
  CHECK(started(fan) == Numbers{0, 1});
  fan.end(0, true);
  CHECK(started(fan) == Numbers{2});
  fan.end(1, true);
  CHECK(started(fan).empty());
  CHECK(fan.stopped() == FanOut::Stop::too_many_failed);
  CHECK_FALSE(fan.is_over());  // one still runs
  fan.end(2, false);
  CHECK(fan.is_over());
  CHECK(fan.counts().left() == 3);
}

TEST_CASE("an interrupt lets what runs end and starts nothing") {
  FanOut fan(3, limits(1));
  CHECK(started(fan) == Numbers{0});
  fan.interrupt();
  fan.end(0, true);
  CHECK(started(fan).empty());
  CHECK(fan.is_over());
  CHECK(fan.stopped() == FanOut::Stop::interrupted);
}

TEST_CASE("who is waited for takes no place, and starts when it comes") {
  FanOut fan(3, limits(1));
  fan.hold_back(0);
  CHECK(started(fan) == Numbers{1});
  fan.end(1, false);
  CHECK(started(fan) == Numbers{2});
  fan.end(2, false);
  CHECK_FALSE(fan.is_over());
  CHECK(started(fan).empty());
  fan.release(0);
  CHECK(started(fan) == Numbers{0});
  fan.release(0);  // it runs already
  CHECK(started(fan).empty());
}

TEST_CASE("who is out of reach lends its place, and only so many do") {
  FanOut fan(6, limits(2));
  CHECK(started(fan) == Numbers{0, 1});
  fan.pause(0);
  CHECK(started(fan) == Numbers{2});
  fan.pause(1);
  fan.pause(2);  // three are paused, two places are lent
  CHECK(started(fan) == Numbers{3});
  fan.go_on(0);
  CHECK(started(fan).empty());
  fan.end(1, true);
  CHECK(started(fan).empty());
  fan.end(0, false);
  CHECK(started(fan) == Numbers{4});
  CHECK(fan.counts() == FanOut::Counts{6, 2, 1, 2, 1, 0});
}

TEST_CASE("a share is a number or a percentage, rounded down") {
  struct Row {
    const char* text;
    std::size_t all, expected;
  };
  for (const auto& row : {Row{"3", 100, 3}, Row{"10%", 200, 20}, Row{"10%", 15, 1},
                          Row{"5%", 19, 0}, Row{"0", 5, 0}, Row{"100%", 7, 7}}) {
    CAPTURE(row.text);
    const auto share = parse_share("--batch", row.text);
    REQUIRE(share.has_value());
    CHECK(share->of(row.all) == row.expected);
  }
  for (const char* bad :
       {"", "%", "-1", "101%", "5%%", "1.5", " 5", "5 %", "x", "99999999999999999999999"}) {
    CAPTURE(bad);
    const auto share = parse_share("--batch", bad);
    REQUIRE_FALSE(share.has_value());
    CHECK(share.error().code == Errc::usage);
    CHECK(share.error().message.find("--batch") == 0);
  }
}

}  // namespace edge::control
