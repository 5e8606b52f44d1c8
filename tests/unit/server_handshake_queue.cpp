#include <list>

#include "net_drive.hpp"
#include "server/handshake_queue.hpp"

namespace edge::server {
namespace {

using net::test::drive;
using net::test::kLong;
using net::test::kSoon;
using Slot = HandshakeQueue::Slot;

// Who came in, in which order, and with what.
struct Rig {
  HandshakeQueue queue;
  net::TaskGroup group;
  std::list<std::pair<int, Slot>> in;
  std::vector<int> order, gone;

  Rig(const net::asio::any_io_executor& executor, HandshakeQueue::Limits limits)
      : queue(executor, limits), group(executor) {}
  // What can be done at once is done when it returns.
  net::Task<> come(int number, std::uint64_t source, milliseconds patience = kLong) {
    group.spawn("come", enter(number, source, patience));
    co_await net::sleep(milliseconds{0});
  }
  net::Task<> end(int number) {
    in.remove_if([number](const auto& one) { return one.first == number; });
    co_await net::sleep(milliseconds{0});
  }
  bool is_told(int number) const {
    for (const auto& [who, slot] : in) {
      if (who == number) return slot.to_be_told();
    }
    FAIL("it is not in");
    return false;
  }

 private:
  net::Task<> enter(int number, std::uint64_t source, milliseconds patience) {
    auto slot = co_await queue.enter(source, patience);
    if (!slot) {
      gone.push_back(number);
      co_return;
    }
    order.push_back(number);
    in.emplace_back(number, std::move(*slot));
  }
};

using Order = std::vector<int>;

net::Task<> in_line() {
  const auto executor = co_await net::asio::this_coro::executor;
  Rig rig(executor, {2, 10});
  for (int i = 1; i <= 4; ++i) co_await rig.come(i, 7);
  CHECK(rig.order == Order{1, 2});
  CHECK(rig.queue.waiting() == 2);
  co_await rig.end(2);
  CHECK(rig.order == Order{1, 2, 3});
  co_await rig.end(1);
  CHECK(rig.order == Order{1, 2, 3, 4});
  CHECK(rig.queue.waiting() == 0);
  co_await rig.group.join();
}

net::Task<> one_source_is_many() {
  const auto executor = co_await net::asio::this_coro::executor;
  Rig rig(executor, {4, 2});
  for (int i = 1; i <= 6; ++i) co_await rig.come(i, 7);
  CHECK(rig.order == Order{1, 2});
  co_await rig.come(10, 8);
  co_await rig.come(11, 0);  // a proxy's own
  CHECK(rig.order == Order{1, 2, 10, 11});
  co_await rig.end(10);
  CHECK(rig.order == Order{1, 2, 10, 11});  // the place is free, and not for that source
  co_await rig.end(1);
  CHECK(rig.order == Order{1, 2, 10, 11, 3});
  rig.group.cancel();
  co_await rig.group.join();
}

net::Task<> sources_take_turns() {
  const auto executor = co_await net::asio::this_coro::executor;
  Rig rig(executor, {1, 10});
  co_await rig.come(1, 7);
  for (int i = 2; i <= 4; ++i) co_await rig.come(i, 7);
  for (int i = 12; i <= 13; ++i) co_await rig.come(i, 8);
  for (const int next : {1, 2, 12, 3, 13, 4}) co_await rig.end(next);
  CHECK(rig.order == Order{1, 2, 12, 3, 13, 4});
  co_await rig.group.join();
}

net::Task<> too_many_wait() {
  const auto executor = co_await net::asio::this_coro::executor;
  Rig rig(executor, {1, 100});
  for (int i = 1; i <= 9; ++i) co_await rig.come(i, 7);
  CHECK(rig.order == Order{1});
  co_await rig.come(10, 7);  // eight times as many wait as are served
  CHECK(rig.order == Order{1, 10});
  CHECK(rig.is_told(10));
  co_await rig.come(11, 7);  // one is being told already
  CHECK(rig.queue.waiting() == 9);
  // Though somebody is still being told, the place is for who is served.
  co_await rig.end(1);
  CHECK(rig.order == Order{1, 10, 2});
  CHECK_FALSE(rig.is_told(2));
  rig.group.cancel();
  co_await rig.group.join();
}

net::Task<> who_goes_is_passed_over() {
  const auto executor = co_await net::asio::this_coro::executor;
  Rig rig(executor, {1, 10});
  co_await rig.come(1, 7);
  co_await rig.come(2, 7, kSoon);
  co_await rig.come(3, 7);
  while (rig.gone.empty()) co_await net::sleep(milliseconds{1});
  CHECK(rig.queue.waiting() == 1);
  co_await rig.end(1);
  CHECK(rig.order == Order{1, 3});
  co_await rig.group.join();
}

net::Task<> crowds() {
  const auto executor = co_await net::asio::this_coro::executor;
  Rig all(executor, {4, 100});
  for (int i = 1; i <= 3; ++i) co_await all.come(i, static_cast<std::uint64_t>(i));
  std::vector<bool> crowded;
  all.in.clear();
  for (int i = 1; i <= 3; ++i) {
    co_await all.come(i, static_cast<std::uint64_t>(i));
    crowded.push_back(all.in.back().second.is_crowded());
  }
  CHECK(crowded == std::vector<bool>{false, false, true});
  Rig source(executor, {100, 4});
  crowded.clear();
  for (int i = 1; i <= 3; ++i) {
    co_await source.come(i, 7);
    crowded.push_back(source.in.back().second.is_crowded());
  }
  co_await source.come(4, 8);
  crowded.push_back(source.in.back().second.is_crowded());
  CHECK(crowded == std::vector<bool>{false, false, true, false});
  co_await all.group.join();
  co_await source.group.join();
}

}  // namespace

TEST_CASE("handshakes beyond those that are served wait in line") {
  drive(in_line());
}

TEST_CASE("a source has a share of the handshakes, and others are not held up by it") {
  drive(one_source_is_many());
}

TEST_CASE("of sources that wait each has its turn") {
  drive(sources_take_turns());
}

TEST_CASE("a handshake that ends makes room for one that is served, whoever is being told") {
  drive(too_many_wait());
}

TEST_CASE("who has waited for too long is passed over") {
  drive(who_goes_is_passed_over());
}

TEST_CASE("it is crowded when others have half of all, or half of what their source may have") {
  drive(crowds());
}

}  // namespace edge::server
