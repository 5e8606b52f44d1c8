#include <doctest/doctest.h>

#include "net/send_pace.hpp"
#include "net/socket_stream.hpp"

using edge::SteadyTime;
using edge::net::PathQueue;
using edge::net::Room;
using edge::net::SendPath;
using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {

// A link of 10 Mbit/s, as TCP sees it when so much is on the way: what the link cannot take stands
// in a queue and shows in the RTT.
struct Link {
  double own_seconds = 0.050;
  double rate = 1'250'000;  // bytes a second
  microseconds least_ever{50'000};

  SendPath with(double on_the_way) const {
    const double rtt = std::max(own_seconds, on_the_way / rate);
    return {microseconds(static_cast<std::int64_t>(rtt * 1e6)), least_ever,
            static_cast<std::uint64_t>(std::min(rate, on_the_way / rtt)),
            static_cast<std::uint64_t>(on_the_way)};
  }
};

// Bulk for a while: what is on the way at its end, and the least rate of its last second.
struct Outcome {
  double on_the_way = 0, least_rate = 1e12;
};
Outcome run_bulk(PathQueue& queue, const Link& link, SteadyTime& now, std::chrono::seconds span) {
  Outcome outcome;
  const auto end = now + span;
  double sent = 0;
  for (; now < end; now += milliseconds{3}) {
    const auto path = link.with(outcome.on_the_way);
    sent = queue.look(path, now) == Room::none ? 0 : 16'000;
    outcome.on_the_way =
        std::max(0.0, outcome.on_the_way + sent - static_cast<double>(path.rate) * 0.003);
    if (now > end - std::chrono::seconds{1})
      outcome.least_rate = std::min(outcome.least_rate, static_cast<double>(path.rate));
  }
  return outcome;
}

const SteadyTime kNow{std::chrono::hours{100}};

}  // namespace

TEST_CASE("bulk may go on while nothing shows a queue") {
  PathQueue queue;
  SendPath path{microseconds{52'000}, microseconds{50'000}, 40'000'000, 2'000'000};
  CHECK((queue.look(path, kNow) == Room::some));
  path.rtt = path.least_rtt = microseconds{30};
  CHECK((queue.look(path, kNow) == Room::plenty));
}

TEST_CASE("what is on the way grows by half an RTT, not by all that TCP would take") {
  PathQueue queue;
  SendPath path{microseconds{50'000}, microseconds{50'000}, 1'000'000, 0};  // 50 KB a round trip
  path.on_the_way = 75'000 + 32 * 1024;
  CHECK((queue.look(path, kNow) == Room::some));
  path.on_the_way += 1;
  CHECK((queue.look(path, kNow) == Room::none));
}

TEST_CASE("a standing queue stays below some 20 ms of what the link delivers, and the link busy") {
  PathQueue queue;
  auto now = kNow;
  const Link link;
  const auto outcome = run_bulk(queue, link, now, std::chrono::seconds{4});
  CHECK(outcome.on_the_way < 0.075 * link.rate + 16'000);
  CHECK(outcome.least_rate > 0.95 * link.rate);
}

TEST_CASE("a path that has become longer is no queue, and gets its speed") {
  PathQueue queue;
  auto now = kNow;
  Link link;
  link.own_seconds = 0.020;
  link.least_ever = microseconds{20'000};
  run_bulk(queue, link, now, std::chrono::seconds{4});
  for (const double longer : {0.045, 0.080, 0.300}) {
    link.own_seconds = longer;
    const auto outcome = run_bulk(queue, link, now, std::chrono::seconds{12});
    CHECK_MESSAGE(outcome.on_the_way > 0.9 * link.rate * longer, longer);
    CHECK_MESSAGE(outcome.on_the_way < link.rate * (longer + 0.030) + 16'000, longer);
  }
}

TEST_CASE("what is no TCP connection has plenty of room") {
  const auto pair = edge::net::socket_pair();
  REQUIRE(pair.has_value());
  CHECK((edge::net::SendPace(pair->first).room() == Room::plenty));
  CHECK((edge::net::SendPace(-1).room() == Room::plenty));
  ::close(pair->first);
  ::close(pair->second);
}
