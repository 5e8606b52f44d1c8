#include <doctest/doctest.h>

#include "net/send_pace.hpp"
#include "net/socket_stream.hpp"

using edge::net::is_full;
using edge::net::SendPath;
using std::chrono::microseconds;

namespace {

// 10 Mbit/s and 50 ms: 62,500 bytes are on the way when the link is full and no queue stands.
SendPath slow_link() {
  return {microseconds{75'000}, microseconds{50'000}, 1'250'000, 0};
}

}  // namespace

TEST_CASE("bulk may go on while nothing shows a queue, however much is on the way") {
  SendPath path{microseconds{52'000}, microseconds{50'000}, 1'000'000, 40'000'000};
  CHECK_FALSE(is_full(path));
  path.rtt = path.least_rtt = microseconds{30};
  CHECK_FALSE(is_full(path));
}

TEST_CASE("a standing queue is kept at some 20 ms of what the link delivers") {
  auto path = slow_link();
  path.on_the_way = 87'000;  // 70 ms of it
  CHECK_FALSE(is_full(path));
  path.on_the_way = 88'000;
  CHECK(is_full(path));
}

TEST_CASE("one chunk may always be on the way, or nothing would ever be measured") {
  auto path = slow_link();
  path.rate = 100;
  path.on_the_way = 32 * 1024;
  CHECK_FALSE(is_full(path));
  path.on_the_way += 1;
  CHECK(is_full(path));
}

TEST_CASE("what is no TCP connection is never full") {
  const auto pair = edge::net::socket_pair();
  REQUIRE(pair);
  CHECK_FALSE(edge::net::SendPace(pair->first).is_full());
  CHECK_FALSE(edge::net::SendPace(-1).is_full());
  ::close(pair->first);
  ::close(pair->second);
}
