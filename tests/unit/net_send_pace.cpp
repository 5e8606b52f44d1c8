#include <doctest/doctest.h>

#include <deque>

#include "net/send_pace.hpp"
#include "net/socket_stream.hpp"

using edge::SteadyTime;
using edge::net::PathQueue;
using edge::net::Room;
using edge::net::SendPath;
using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {

// A link, the queue before it, and what TCP measures there (Linux: an RTT smoothed over the
// acknowledgements, each of which is of a packet that was sent an RTT ago; the best rate of an RTT,
// for who asks us is never the one who limits it). Times are seconds.
class Link {
 public:
  Link(double rate, double own, double longest_queue = 0.050)
      : rate_(rate), own_(own), longest_queue_(longest_queue), rtt_(own), least_rtt_(own) {}

  void become_longer(double own) { own_ = own; }
  void carry(double rate) { rate_ = rate; }

  SendPath path() const {
    return {in_micros(rtt_), in_micros(least_rtt_), static_cast<std::uint64_t>(best_rate_),
            static_cast<std::uint64_t>(on_the_way_), 0};
  }
  // What a key would wait for behind what was sent.
  double queue() const { return std::max(0.0, free_ - now_); }
  double delivered() const { return delivered_; }
  int lost() const { return lost_; }

  void send(double bytes) {
    for (; bytes > 0; bytes -= kPacket) {
      if (queue() > longest_queue_) ++lost_;
      free_ = std::max(free_, now_) + kPacket / rate_;
      sent_.push_back({now_, free_ + own_, delivered_});
      on_the_way_ += kPacket;
    }
  }
  void pass(double seconds) {
    now_ += seconds;
    while (!sent_.empty() && sent_.front().acknowledged <= now_) {
      const auto packet = sent_.front();
      sent_.pop_front();
      on_the_way_ -= kPacket;
      delivered_ += kPacket;
      const auto took = packet.acknowledged - packet.at;
      if (++acknowledged_ % 2 == 0) rtt_ += (took - rtt_) / 8;
      least_rtt_ = std::min(least_rtt_, took);
      best_rate_ = std::max(best_rate_, (delivered_ - packet.delivered_before) / took);
    }
  }

 private:
  struct Packet {
    double at, acknowledged, delivered_before;
  };
  static constexpr double kPacket = 1448;
  static microseconds in_micros(double seconds) {
    return microseconds(static_cast<std::int64_t>(seconds * 1e6));
  }

  double rate_, own_, longest_queue_;
  double now_ = 0, free_ = 0, on_the_way_ = 0, delivered_ = 0;
  double rtt_, least_rtt_, best_rate_ = 0;
  std::deque<Packet> sent_;
  std::uint64_t acknowledged_ = 0;
  int lost_ = 0;
};

const SteadyTime kNow{std::chrono::hours{100}};

// Bulk that asks every 3 ms, as the loop does.
struct Bulk {
  PathQueue queue;
  SteadyTime now = kNow;

  struct Seen {
    double rate = 0, longest_queue = 0;  // bytes a second; seconds
  };
  Seen run(Link& link, std::chrono::milliseconds span, int every = 1) {
    Seen seen;
    int looks = 0;
    const auto before = link.delivered();
    for (const auto end = now + span; now < end; now += milliseconds{3}) {
      const auto room = looks++ % every == 0 ? queue.look(link.path(), now) : Room::none;
      if (room == Room::little) link.send(8 * 1024);
      if (room == Room::some) link.send(32 * 1024);
      link.pass(0.003);
      seen.longest_queue = std::max(seen.longest_queue, link.queue());
    }
    seen.rate = (link.delivered() - before) / std::chrono::duration<double>(span).count();
    return seen;
  }
};

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
  path.on_the_way = 75'000;
  CHECK((queue.look(path, kNow) == Room::little));
  path.on_the_way += 1;
  CHECK((queue.look(path, kNow) == Room::none));
}

TEST_CASE("what TCP cannot send yet waits where a key can still overtake it") {
  PathQueue queue;
  SendPath path{microseconds{50'000}, microseconds{50'000}, 1'000'000, 10'000, 5'000};
  CHECK((queue.look(path, kNow) == Room::little));
  path.unsent += 1;
  CHECK((queue.look(path, kNow) == Room::none));
}

TEST_CASE("bulk finds what a link carries in less than a second, and loses nothing in its queue") {
  for (const double rate : {600'000.0, 1'250'000.0, 12'500'000.0}) {
    CAPTURE(rate);
    Link link(rate, 0.050);
    Bulk bulk;
    bulk.run(link, milliseconds{900});
    CHECK(bulk.run(link, milliseconds{1'000}).rate > 0.85 * rate);
    CHECK(link.lost() == 0);
  }
}

TEST_CASE("a key waits for some 20 ms of bulk, for as long as that runs, and the link is busy") {
  for (const double own : {0.020, 0.050, 0.150}) {
    CAPTURE(own);
    Link link(1'250'000, own);
    Bulk bulk;
    bulk.run(link, milliseconds{2'000});
    const auto seen = bulk.run(link, milliseconds{60'000});
    CHECK(seen.longest_queue < 0.040);
    CHECK(seen.rate > 0.93 * 1'250'000);
    CHECK(link.lost() == 0);
  }
}

TEST_CASE("a path that has become longer is no queue, and gets its speed") {
  Link link(1'250'000, 0.020, 10.0);
  Bulk bulk;
  bulk.run(link, milliseconds{4'000});
  for (const double longer : {0.045, 0.080, 0.300}) {
    CAPTURE(longer);
    link.become_longer(longer);
    bulk.run(link, milliseconds{20'000});
    const auto seen = bulk.run(link, milliseconds{12'000});
    CHECK(seen.rate > 0.75 * 1'250'000);
    CHECK(seen.longest_queue < 0.060);
  }
}

TEST_CASE(
    "a link that becomes slower has a short queue again, and one that becomes faster is used") {
  Link link(1'250'000, 0.050, 10.0);
  Bulk bulk;
  bulk.run(link, milliseconds{5'000});
  for (const double rate : {600'000.0, 125'000.0, 1'000'000.0, 2'500'000.0}) {
    CAPTURE(rate);
    link.carry(rate);
    bulk.run(link, milliseconds{8'000});
    const auto seen = bulk.run(link, milliseconds{20'000});
    CHECK(seen.rate > 0.85 * rate);
    CHECK(seen.longest_queue < 0.065 + 12'288 / rate);  // and a piece and a half
  }
}

TEST_CASE("a queue of others does not starve bulk") {
  Link link(1'250'000, 0.050);
  Bulk bulk;
  bulk.run(link, milliseconds{5'000});
  link.become_longer(0.110);
  CHECK(bulk.run(link, milliseconds{20'000}).rate > 0.5 * 1'250'000);
  CHECK(bulk.run(link, milliseconds{20'000}).rate > 0.85 * 1'250'000);
  link.become_longer(0.050);
  bulk.run(link, milliseconds{2'000});
  const auto seen = bulk.run(link, milliseconds{20'000});
  CHECK(seen.rate > 0.9 * 1'250'000);
  CHECK(seen.longest_queue < 0.060);
}

TEST_CASE("a queue of others that comes and goes leaves bulk a share") {
  Link link(1'250'000, 0.140);
  Bulk bulk;
  bulk.run(link, milliseconds{5'000});
  double rate = 0;
  for (int step = 0; step < 120; ++step) {
    link.become_longer(0.140 + 0.060 * (step % 10) / 10);
    rate += bulk.run(link, milliseconds{500}).rate / 120;
  }
  CHECK(rate > 0.3 * 1'250'000);
}

TEST_CASE("what was slow is not after a pause") {
  Link link(1'250'000, 0.050, 10.0);
  Bulk bulk;
  bulk.run(link, milliseconds{3'000});
  link.carry(100'000);
  bulk.run(link, milliseconds{20'000});
  link.carry(1'250'000);
  link.pass(3600);
  bulk.now += std::chrono::hours{1};
  bulk.run(link, milliseconds{500});
  CHECK(bulk.run(link, milliseconds{1'000}).rate > 0.85 * 1'250'000);
}

TEST_CASE("who writes little while others fill the path finds it as fast as it is afterwards") {
  Link link(1'250'000, 0.050);
  Bulk bulk;
  bulk.run(link, milliseconds{3'000});
  link.become_longer(0.150);
  bulk.run(link, milliseconds{60'000}, 300);  // a piece each 0.9 s
  link.become_longer(0.050);
  bulk.run(link, milliseconds{1'000});
  CHECK(bulk.run(link, milliseconds{2'000}).rate > 0.85 * 1'250'000);
}

TEST_CASE("a long path is used in a second or two, and without a long queue") {
  for (const double rate : {1'250'000.0, 10'000'000.0}) {
    CAPTURE(rate);
    Link link(rate, 0.200);
    Bulk bulk;
    bulk.run(link, milliseconds{4'000});
    const auto seen = bulk.run(link, milliseconds{20'000});
    CHECK(seen.rate > 0.85 * rate);
    CHECK(seen.longest_queue < 0.060);
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
