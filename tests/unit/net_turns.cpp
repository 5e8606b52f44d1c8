#include <vector>

#include "net/turns.hpp"
#include "net_drive.hpp"

namespace edge::net::test {
namespace {

Task<> take_turn(Turns& turns, int number, std::vector<int>& order) {
  co_await turns.wait();
  order.push_back(number);
}

Task<> await_turn(Turns& turns, int& come, int& gone) {
  const bool has_come = co_await turns.wait();
  ++(has_come ? come : gone);
}

Task<> cancelled_turns(int& come, int& gone) {
  const auto executor = co_await asio::this_coro::executor;
  Turns turns(executor);
  TaskGroup group(executor);
  for (int i = 1; i <= 100; ++i) group.spawn("turn", await_turn(turns, come, gone));
  co_await turns.wait();  // behind them
  for (int i = 1; i <= 100; ++i) group.spawn("turn", await_turn(turns, come, gone));
  co_await sleep(milliseconds{0});
  group.cancel();
  co_await group.join();
  const bool after = co_await turns.wait();
  CHECK(after);
  co_await sleep(milliseconds{0});
}

Task<> three_turns(std::vector<int>& order) {
  const auto executor = co_await asio::this_coro::executor;
  Turns turns(executor);
  TaskGroup group(executor);
  for (int i = 1; i <= 3; ++i) group.spawn("turn", take_turn(turns, i, order));
  co_await group.join();
  co_await turns.wait();  // again, after nobody was waiting
  order.push_back(4);
  co_await sleep(milliseconds{0});
}

// Notes where in the order a byte that is there all the time was read.
Task<> read_byte(Stream& stream, std::vector<int>& order) {
  std::array<char, 1> byte{};
  co_await stream.read_some(asio::buffer(byte));
  order.push_back(0);
}

Task<> turns_beside_a_reader(std::vector<int>& order) {
  const auto executor = co_await asio::this_coro::executor;
  auto ends = connected(executor);
  Turns turns(executor);
  TaskGroup group(executor);
  for (int i = 1; i <= 20; ++i) group.spawn("turn", take_turn(turns, i, order));
  group.spawn("reader", read_byte(*ends.near, order));
  co_await write_text(*ends.far, "x");
  co_await group.join();
  co_await sleep(milliseconds{0});
}

}  // namespace

TEST_CASE("turns are taken in the order of asking") {
  std::vector<int> order;
  drive(three_turns(order));
  CHECK(order == std::vector<int>{1, 2, 3, 4});
}

TEST_CASE("a turn that was cancelled does not come") {
  int come = 0, gone = 0;
  drive(cancelled_turns(come, gone));
  CHECK(come + gone == 200);
  CHECK(come >= 100);
  CHECK(gone > 0);
}

TEST_CASE("what is ready is served before everybody has had a turn") {
  std::vector<int> order;
  drive(turns_beside_a_reader(order));
  REQUIRE(order.size() == 21);
  const auto read = std::find(order.begin(), order.end(), 0) - order.begin();
  CHECK(read < 10);
}

}  // namespace edge::net::test
