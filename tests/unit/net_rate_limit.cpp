#include "net/rate_limit.hpp"
#include "net_drive.hpp"

namespace edge::net::test {
namespace {

using namespace std::chrono_literals;

Task<> send_for(std::shared_ptr<RateLimit> limit, SteadyTime until, std::size_t& sent) {
  while (std::chrono::steady_clock::now() < until) {
    const auto size = limit->piece(32 * 1024);
    const bool go_on = co_await limit->take(size);
    if (!go_on) co_return;
    sent += size;
  }
}

Task<> two_share_it() {
  const auto executor = co_await asio::this_coro::executor;
  const auto limit = std::make_shared<RateLimit>(1'000'000);
  const auto until = std::chrono::steady_clock::now() + 500ms;
  std::size_t first = 0, second = 0;
  TaskGroup group(executor);
  group.spawn("first", send_for(limit, until, first));
  group.spawn("second", send_for(limit, until, second));
  co_await group.join();
  // Half a second: 10 % above the rate over a second is 20 % here, and one piece each is under way.
  CHECK(first + second < 640'000);
  CHECK(first > second - 40'000);
  CHECK(second > first - 40'000);
}

Task<> change_it_while_one_waits() {
  const auto executor = co_await asio::this_coro::executor;
  const auto limit = std::make_shared<RateLimit>(1'000);
  co_await limit->take(100'000);  // the line is 100 s long
  bool passed = false;
  auto wait = [](std::shared_ptr<RateLimit> shared, bool* done) -> Task<> {
    *done = co_await shared->take(10);
  };
  TaskGroup group(executor);
  group.spawn("waits", wait(limit, &passed));
  co_await sleep(kSoon);
  CHECK_FALSE(passed);
  limit->set(0);
  co_await group.join();
  CHECK(passed);
  limit->set(1'000);
  CHECK(limit->take_small(100));
}

Task<> cancel_one_who_waits() {
  const auto executor = co_await asio::this_coro::executor;
  const auto limit = std::make_shared<RateLimit>(1'000);
  co_await limit->take(100'000);
  bool passed = true;
  auto wait = [](std::shared_ptr<RateLimit> shared, bool* done) -> Task<> {
    *done = co_await shared->take(10);
  };
  TaskGroup group(executor);
  group.spawn("waits", wait(limit, &passed));
  co_await sleep(kSoon);
  group.cancel();
  co_await group.join();
  CHECK_FALSE(passed);
}

Task<> pass_without_a_limit() {
  RateLimit limit;
  CHECK_FALSE(limit.is_on());
  CHECK(limit.piece(7) == 7);
  CHECK(limit.take_small(1'000'000));
  const bool passed = co_await limit.take(SIZE_MAX);
  CHECK(passed);
}

}  // namespace

TEST_CASE("two who send as fast as they may share one limit") {
  drive(two_share_it());
}
TEST_CASE("a limit that is taken away lets who waits for it go on") {
  drive(change_it_while_one_waits());
}
TEST_CASE("who is cancelled while he waits for a limit does not pass") {
  drive(cancel_one_who_waits());
}
TEST_CASE("without a limit everything passes at once") {
  drive(pass_without_a_limit());
}

}  // namespace edge::net::test
