#include <doctest/doctest.h>

#include "printing.hpp"
#include "ssh/allowance.hpp"

using edge::milliseconds;
using edge::SteadyTime;
using edge::ssh::Allowance;
using std::chrono::microseconds;
using std::chrono::seconds;

namespace {

const SteadyTime kNow{std::chrono::hours{100}};

// What of `span` a peer gets that takes all it can, in turns of `turn`.
std::chrono::nanoseconds used_in(Allowance& allowance, seconds span, microseconds turn,
                                 std::uint64_t bytes_a_turn) {
  std::chrono::nanoseconds used{0};
  auto now = kNow;
  while (now < kNow + span) {
    allowance.earn(bytes_a_turn);
    used += turn;
    now += turn + allowance.spend(turn, now + turn);
  }
  return used;
}

}  // namespace

TEST_CASE("a handshake and idle probes cost nothing that is ever waited for") {
  Allowance allowance(kNow);
  CHECK(allowance.spend(milliseconds{2}, kNow) == milliseconds{0});
  for (int i = 1; i < 1000; ++i) {
    CHECK(allowance.spend(microseconds{100}, kNow + i * seconds{15}) == milliseconds{0});
  }
}

TEST_CASE("who costs time without moving bytes gets a twentieth of the loop") {
  Allowance allowance(kNow);
  const auto used = used_in(allowance, seconds{100}, microseconds{500}, 0);
  CHECK(used > milliseconds{4'500});
  CHECK(used < milliseconds{5'500});
}

TEST_CASE("who moves bytes of streams is not held up") {
  Allowance allowance(kNow);
  // 256 KB in 400 us, as a chacha20 stream at full speed costs.
  CHECK(used_in(allowance, seconds{10}, microseconds{400}, 256 * 1024) >= seconds{10});
}

TEST_CASE("one byte a packet does not earn what it costs") {
  Allowance allowance(kNow);
  const auto used = used_in(allowance, seconds{100}, microseconds{500}, 200);
  CHECK(used < seconds{7});
}

TEST_CASE("the echo of each key that we send is paid for, however fast somebody types") {
  Allowance allowance(kNow);
  auto now = kNow;
  for (int i = 0; i < 100'000; ++i) {
    allowance.earn_answer();
    allowance.earn(2);
    now += microseconds{70};
    CHECK(allowance.spend(microseconds{50}, now) == milliseconds{0});
  }
}
