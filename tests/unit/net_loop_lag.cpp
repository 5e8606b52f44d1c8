#include <doctest/doctest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <thread>

#include "net/loop_lag.hpp"

using namespace edge;
using net::LoopLag;
using std::chrono::microseconds;

namespace {
SteadyTime at(int ms) {
  return SteadyTime{} + std::chrono::hours(1) + milliseconds(ms);
}
void look(LoopLag& lag, int due, int fired) {
  lag.due(at(due));
  lag.fired(at(fired));
}
}  // namespace

TEST_CASE("a loop's lag is that of the last look, and the worst of a minute is kept") {
  LoopLag lag;
  CHECK(lag.worst(at(0)).count() == 0);
  look(lag, 1000, 1040);
  look(lag, 2000, 2001);
  CHECK(lag.last(at(2001)) == microseconds(1000));
  CHECK(lag.worst(at(2001)) == microseconds(40'000));
  for (int second = 3; second <= 55; ++second) look(lag, second * 1000, second * 1000);
  CHECK(lag.last(at(55'000)).count() == 0);
  CHECK(lag.worst(at(55'000)) == microseconds(40'000));
  for (int second = 56; second <= 75; ++second) look(lag, second * 1000, second * 1000);
  CHECK(lag.worst(at(75'000)).count() == 0);
}

TEST_CASE("a loop that is stuck is seen from outside before it comes back") {
  LoopLag lag;
  look(lag, 1000, 1001);
  lag.due(at(2000));
  CHECK(lag.last(at(7000)) == microseconds(5'000'000));
  CHECK(lag.worst(at(7000)) == microseconds(5'000'000));
  CHECK(lag.last(at(1500)) == microseconds(1000));
}

TEST_CASE("a loop that was blocked says for how long") {
  net::asio::io_context loop;
  LoopLag lag;
  net::asio::co_spawn(loop, lag.watch(), net::asio::detached);
  loop.run_one();  // it has set its timer
  const auto block = LoopLag::kEvery + milliseconds{50};
  std::this_thread::sleep_for(block);
  while (lag.last(SteadyTime{}).count() == 0) loop.run_one();
  CHECK(lag.last(SteadyTime{}) >= microseconds(40'000));
}
