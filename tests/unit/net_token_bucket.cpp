#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <queue>
#include <random>
#include <vector>

#include "net/token_bucket.hpp"

using edge::SteadyTime;
using edge::net::TokenBucket;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;

namespace {

double seconds_of(nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

// Takers that always have more to send, on a clock that only this moves.
class Crowd {
 public:
  Crowd(std::uint64_t rate, std::size_t takers) : bucket(rate), passed(takers) {
    for (std::size_t who = 0; who < takers; ++who) line_up(who);
  }

  // `timers_late`: how late a timer fires at most.
  void run(nanoseconds span, std::uint64_t rate, nanoseconds timers_late) {
    lateness = timers_late;
    const auto end = now + span;
    const auto chunk = std::min<std::size_t>(TokenBucket::piece_of(rate), 128 * 1024);
    while (!due.empty() && due.top().at <= end) {
      const auto next = due.top();
      due.pop();
      now = std::max(now, next.at);
      const auto wait = bucket.wait(next.place, now);
      if (wait.count() > 0) {
        due.push({now + wait + late(), next.who, next.place});
        continue;
      }
      passed[next.who] += next.place.bytes;
      note(next.place.bytes);
      line_up(next.who, chunk);
    }
    now = end;
  }

  void note(std::size_t bytes) {
    window.push_back({now, bytes});
    in_window += bytes;
    while (now - window.front().at >= 1s) {
      in_window -= window.front().bytes;
      window.pop_front();
    }
    most_in_a_second = std::max(most_in_a_second, in_window);
  }

  double total() const {
    double sum = 0;
    for (const auto bytes : passed) sum += static_cast<double>(bytes);
    return sum;
  }

  SteadyTime now{};
  TokenBucket bucket;
  std::vector<std::size_t> passed;
  std::size_t most_in_a_second = 0;

 private:
  struct Due {
    SteadyTime at;
    std::size_t who;
    TokenBucket::Place place;
    bool operator<(const Due& other) const { return at > other.at; }
  };
  struct Passed {
    SteadyTime at;
    std::size_t bytes;
  };
  void line_up(std::size_t who, std::size_t bytes = 50) {
    const auto place = bucket.stand_in_line(bytes, now);
    const auto wait = bucket.wait(place, now);
    due.push({now + (wait.count() > 0 ? wait + late() : wait), who, place});
  }
  nanoseconds late() {
    return nanoseconds{std::uniform_int_distribution<long>(0, lateness.count())(random)};
  }

  std::priority_queue<Due> due;
  std::deque<Passed> window;
  std::size_t in_window = 0;
  nanoseconds lateness{0};
  std::mt19937 random{7};
};

}  // namespace

TEST_CASE("a rate is held within a tenth, over all and in any second, from 1 KB/s to 10 GB/s") {
  for (const std::uint64_t rate :
       {1'000ull, 10'000ull, 1'000'000ull, 100'000'000ull, 1'000'000'000ull, 10'000'000'000ull}) {
    for (const auto lateness : {0ms, 5ms, 30ms}) {
      CAPTURE(rate);
      CAPTURE(lateness.count());
      for (const std::size_t takers : {1u, 3u}) {
        CAPTURE(takers);
        Crowd crowd(rate, takers);
        crowd.run(10s, rate, lateness);
        const auto expected = static_cast<double>(rate) * 10;
        CHECK(crowd.total() > 0.98 * expected);
        CHECK(crowd.total() < 1.02 * expected);
        CHECK(static_cast<double>(crowd.most_in_a_second) <= 1.1 * static_cast<double>(rate));
      }
    }
  }
}

TEST_CASE("a pause buys no burst that breaks the rate over a second") {
  Crowd crowd(1'000'000, 2);
  crowd.now += 1h;
  crowd.run(2s, 1'000'000, 1ms);
  CHECK(crowd.most_in_a_second <= 1'100'000);
}

TEST_CASE("takers share a rate fairly, however many they are") {
  Crowd crowd(10'000'000, 20);
  crowd.run(20s, 10'000'000, 2ms);
  const auto [least, most] = std::minmax_element(crowd.passed.begin(), crowd.passed.end());
  CHECK(static_cast<double>(*least) > 0.95 * static_cast<double>(*most));
}

TEST_CASE("a rate that changes holds from then on, for those who wait already, too") {
  Crowd crowd(1'000, 1);
  crowd.run(2s, 1'000, 1ms);
  const auto slow = crowd.total();
  CHECK(slow < 2'300);
  crowd.bucket.set(1'000'000, crowd.now);
  crowd.run(4s, 1'000'000, 1ms);
  CHECK(crowd.total() - slow > 0.95 * 4'000'000);
  const auto before = crowd.total();
  crowd.bucket.set(1'000, crowd.now);
  crowd.run(60s, 1'000, 1ms);
  // What stood in line then passes first: one piece of the fast rate, and what may pass ahead.
  CHECK(crowd.total() - before < 60'000 + 1.1 * 40'000);
}

TEST_CASE("a place further back is waited for exactly as long as what stands before it takes") {
  TokenBucket bucket(1'000);
  const SteadyTime start{};
  const auto first = bucket.stand_in_line(100, start);
  const auto second = bucket.stand_in_line(100, start);
  CHECK(bucket.wait(first, start).count() == 0);
  CHECK(seconds_of(bucket.wait(second, start)) == doctest::Approx(0.1));
  CHECK(seconds_of(bucket.wait(second, start + 40ms)) == doctest::Approx(0.06));
  CHECK(bucket.wait(second, start + 100ms).count() == 0);
}

TEST_CASE("who leaves the line makes it shorter") {
  TokenBucket bucket(1'000);
  const SteadyTime start{};
  bucket.stand_in_line(100, start);
  const auto second = bucket.stand_in_line(500, start);
  bucket.leave_line(second);
  const auto third = bucket.stand_in_line(100, start);
  CHECK(seconds_of(bucket.wait(third, start)) == doctest::Approx(0.1));
}

TEST_CASE("after a time without a limit nobody waits for what stood in line then") {
  TokenBucket bucket(1'000);
  const SteadyTime start{};
  bucket.stand_in_line(50'000, start);
  const auto waiting = bucket.stand_in_line(50'000, start);
  bucket.start_anew(2'000, start + 1s);
  CHECK(bucket.wait(waiting, start + 1s).count() == 0);
  const auto next = bucket.stand_in_line(100, start + 1s);
  CHECK(seconds_of(bucket.wait(next, start + 1s)) <= 0.05);
}

TEST_CASE("what is small overtakes bulk and is paid for by it") {
  constexpr std::uint64_t kRate = 100'000;
  Crowd crowd(kRate, 4);
  std::size_t small = 0, refused = 0;
  for (int key = 0; key < 200; ++key) {  // 20 keystrokes a second, with what SSH puts around them
    if (crowd.bucket.pass_small(200, crowd.now)) {
      crowd.note(200);
      small += 200;
    } else {
      ++refused;
    }
    crowd.run(50ms, kRate, 1ms);
  }
  CHECK(refused == 0);
  CHECK(crowd.total() + static_cast<double>(small) < 1.01 * 10 * kRate);
  CHECK(crowd.most_in_a_second <= kRate * 11 / 10);
}

TEST_CASE("bulk in small pieces gets half of the rate ahead of others and no more") {
  TokenBucket bucket(100'000);
  SteadyTime now{};
  std::size_t passed = 0;
  for (; now < SteadyTime{} + 10s; now += 1ms) {
    while (bucket.pass_small(500, now)) passed += 500;
  }
  CHECK(passed > 490'000);
  CHECK(passed < 510'000);
  CHECK_FALSE(bucket.pass_small(TokenBucket::kSmall + 1, now + 1h));
}

TEST_CASE("a few keystrokes pass at the slowest rate, and their debt is bounded") {
  TokenBucket bucket(1'000);
  SteadyTime now{};
  std::size_t passed = 0;
  while (bucket.pass_small(100, now)) passed += 100;
  CHECK(passed == 500);
  const auto bulk = bucket.stand_in_line(50, now);
  CHECK(seconds_of(bucket.wait(bulk, now)) <= 0.52);
}

TEST_CASE("clocks that threads read in another order than they come here move nothing back") {
  TokenBucket bucket(1'000);
  const auto later = SteadyTime{} + 10s;
  bucket.stand_in_line(100, later);
  const auto place = bucket.stand_in_line(100, later - 1s);
  CHECK(seconds_of(bucket.wait(place, later)) <= 0.1);
}
