#include <thread>

#include "net/notify.hpp"
#include "net_drive.hpp"

namespace edge::net::test {
namespace {

using Bell = std::shared_ptr<Notify>;

Task<> wait_for(Bell bell, milliseconds at_most, std::vector<bool>& rung) {
  const bool heard = co_await bell->wait(at_most);
  rung.push_back(heard);
}

Task<> ring_before_the_wait(Bell bell, std::vector<bool>& rung) {
  bell->ring();
  bell->ring();
  co_await sleep(milliseconds{1});
  co_await wait_for(bell, kLong, rung);
  co_await wait_for(bell, kSoon, rung);
}

Task<> cancel_the_wait(Bell bell, std::vector<bool>& rung) {
  TaskGroup group(co_await asio::this_coro::executor);
  group.spawn("wait", wait_for(bell, kLong, rung));
  co_await sleep(milliseconds{1});
  group.cancel();
  co_await group.join();
}

}  // namespace

TEST_CASE("a ring from another thread wakes the waiting one") {
  asio::io_context loop(1);
  std::vector<bool> rung;
  auto bell = std::make_shared<Notify>(loop.get_executor());
  std::thread other([bell] { bell->ring(); });
  drive(loop, wait_for(bell, kLong, rung));
  other.join();
  CHECK(rung == std::vector<bool>{true});
}

TEST_CASE("nobody rings: the wait ends by its time") {
  asio::io_context loop(1);
  std::vector<bool> rung;
  drive(loop, wait_for(std::make_shared<Notify>(loop.get_executor()), kSoon, rung));
  CHECK(rung == std::vector<bool>{false});
}

TEST_CASE("several rings before a wait count as one") {
  asio::io_context loop(1);
  std::vector<bool> rung;
  drive(loop, ring_before_the_wait(std::make_shared<Notify>(loop.get_executor()), rung));
  CHECK(rung == std::vector<bool>{true, false});
}

TEST_CASE("a cancelled wait does not say rung") {
  asio::io_context loop(1);
  std::vector<bool> rung;
  drive(loop, cancel_the_wait(std::make_shared<Notify>(loop.get_executor()), rung));
  for (const bool heard : rung) CHECK_FALSE(heard);
}

TEST_CASE("a ring may outlive everybody else who knew the bell") {
  asio::io_context loop(1);
  auto bell = std::make_shared<Notify>(loop.get_executor());
  bell->ring();
  bell.reset();
  loop.run_for(kMost);
  CHECK(loop.stopped());
}

}  // namespace edge::net::test
