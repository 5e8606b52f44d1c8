#include <doctest/doctest.h>

#include "fleet/handshake_slots.hpp"

using edge::SteadyTime;
using edge::TunnelId;
using edge::fleet::HandshakeSlots;
using std::chrono::seconds;

namespace {

const SteadyTime kNow{std::chrono::hours{100}};
const TunnelId kA{"a"}, kB{"b"}, kC{"c"};

}  // namespace

TEST_CASE("there are as many slots as there are, and one that is given back is another's") {
  HandshakeSlots slots(2);
  CHECK(slots.take(kA, kNow + seconds{10}, kNow));
  CHECK(slots.take(kB, kNow + seconds{10}, kNow));
  CHECK_FALSE(slots.take(kC, kNow + seconds{10}, kNow));
  slots.give(kA);
  CHECK(slots.take(kC, kNow + seconds{10}, kNow));
  CHECK(slots.taken() == 2);
}

TEST_CASE("the slot of an agent that never came is free when its time is over") {
  HandshakeSlots slots(1);
  CHECK(slots.take(kA, kNow + seconds{10}, kNow));
  CHECK_FALSE(slots.take(kB, kNow + seconds{19}, kNow + seconds{9}));
  CHECK(slots.take(kB, kNow + seconds{20}, kNow + seconds{10}));
}

TEST_CASE("what was given back leaves nothing behind, however often") {
  HandshakeSlots slots(2);
  for (int i = 0; i < 10'000; ++i) {
    const TunnelId id{std::to_string(i)};
    CHECK(slots.take(id, kNow + seconds{10}, kNow));
    slots.give(id);
  }
  CHECK(slots.taken() == 0);
  CHECK(slots.take(kA, kNow + seconds{10}, kNow));
  CHECK(slots.take(kB, kNow + seconds{10}, kNow));
  CHECK_FALSE(slots.take(kC, kNow + seconds{10}, kNow));
}
