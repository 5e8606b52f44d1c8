#include <doctest/doctest.h>

#include "net/send_pace.hpp"
#include "net/socket_stream.hpp"

using edge::net::Room;
using edge::net::room_on;
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
  CHECK((room_on(path) == Room::some));
  path.rtt = path.least_rtt = microseconds{30};
  CHECK((room_on(path) == Room::plenty));
}

TEST_CASE("a standing queue is kept at some 20 ms of what the link delivers") {
  auto path = slow_link();
  path.on_the_way = 87'000;  // 70 ms of it
  CHECK((room_on(path) == Room::some));
  path.on_the_way = 88'000;
  CHECK((room_on(path) == Room::none));
}

TEST_CASE("one chunk may always be on the way, or nothing would ever be measured") {
  auto path = slow_link();
  path.rate = 100;
  path.on_the_way = 32 * 1024;
  CHECK((room_on(path) == Room::some));
  path.on_the_way += 1;
  CHECK((room_on(path) == Room::none));
}

TEST_CASE("what is no TCP connection has plenty of room") {
  const auto pair = edge::net::socket_pair();
  REQUIRE(pair);
  CHECK((edge::net::SendPace(pair->first).room() == Room::plenty));
  CHECK((edge::net::SendPace(-1).room() == Room::plenty));
  ::close(pair->first);
  ::close(pair->second);
}
