#include "net/deadline.hpp"
#include "net_drive.hpp"

namespace edge::net::test {
namespace {

Task<> let_it_pass(int& fired) {
  Deadline deadline(co_await asio::this_coro::executor, milliseconds{1}, [&fired] { ++fired; });
  CHECK_FALSE(deadline.passed());
  co_await sleep(kSoon);
  CHECK(deadline.passed());
  deadline.extend(milliseconds{1});  // over is over
  co_await sleep(kSoon);
}

Task<> leave_before_it(int& fired) {
  const auto executor = co_await asio::this_coro::executor;
  {
    Deadline deadline(executor, milliseconds{1}, [&fired] { ++fired; });
  }
  co_await sleep(kSoon);
}

Task<> move_it_on(int& fired) {
  Deadline deadline(co_await asio::this_coro::executor, milliseconds{50}, [&fired] { ++fired; });
  for (int i = 0; i < 20; ++i) {
    co_await sleep(milliseconds{5});
    deadline.extend(milliseconds{50});
  }
  CHECK_FALSE(deadline.passed());
}

}  // namespace

TEST_CASE("a deadline acts once when it passes") {
  int fired = 0;
  drive(let_it_pass(fired));
  CHECK(fired == 1);
}

TEST_CASE("a deadline that went out of scope does nothing") {
  int fired = 0;
  drive(leave_before_it(fired));
  CHECK(fired == 0);
}

TEST_CASE("an extended deadline starts anew each time") {
  int fired = 0;
  drive(move_it_on(fired));
  CHECK(fired == 0);
}

TEST_CASE("a deadline whose expiry is already queued does not touch what is gone") {
  asio::io_context loop(1);
  int fired = 0;
  auto deadline =
      std::make_unique<Deadline>(loop.get_executor(), milliseconds{0}, [&fired] { ++fired; });
  // Queued before the timer's own handler: it ends the scope in the same turn of the loop.
  asio::post(loop, [&deadline] { deadline.reset(); });
  loop.run_for(kMost);
  CHECK(fired <= 1);
  CHECK(deadline == nullptr);
  CHECK(loop.stopped());
}

TEST_CASE("the action of a deadline may end the deadline itself") {
  asio::io_context loop(1);
  std::unique_ptr<Deadline> deadline;
  deadline = std::make_unique<Deadline>(loop.get_executor(), milliseconds{0},
                                        [&deadline] { deadline.reset(); });
  loop.run_for(kMost);
  CHECK(deadline == nullptr);
}

}  // namespace edge::net::test
