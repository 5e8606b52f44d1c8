#include <stdexcept>
#include <vector>

#include "net/task.hpp"
#include "net_drive.hpp"

namespace edge::net::test {
namespace {

Task<> note(std::vector<std::string>& log, std::string text, milliseconds after) {
  const bool slept = co_await sleep(after);
  log.push_back(slept ? text : text + " was stopped");
}

Task<> run_two(std::vector<std::string>& log) {
  TaskGroup group(co_await asio::this_coro::executor);
  group.spawn("slow", note(log, "slow", milliseconds{10}));
  group.spawn("fast", note(log, "fast", milliseconds{0}));
  log.push_back(std::to_string(group.size()));
  co_await group.join();
  log.push_back(std::to_string(group.size()));
}

Task<> stop_two(std::vector<std::string>& log) {
  TaskGroup group(co_await asio::this_coro::executor);
  group.spawn("one", note(log, "one", kLong));
  group.spawn("two", note(log, "two", kLong));
  co_await sleep(milliseconds{1});
  group.cancel();
  group.spawn("late", note(log, "late", milliseconds{0}));
  co_await group.join();
}

Task<> fails() {
  const std::string reason = "out of luck";
  co_await sleep(milliseconds{0});
  throw std::runtime_error(reason);
}

Task<> spawn_a_failing_one(bool& joined) {
  TaskGroup group(co_await asio::this_coro::executor);
  group.spawn("unlucky", fails());
  co_await group.join();
  joined = true;
}

Task<> join_an_empty_group(bool& joined) {
  TaskGroup group(co_await asio::this_coro::executor);
  co_await group.join();
  joined = true;
}

// What every owner of children does when it is told to stop.
Task<> parent(std::vector<std::string>& log) {
  TaskGroup children(co_await asio::this_coro::executor);
  children.spawn("child", note(log, "child", kLong));
  co_await sleep(kLong);
  children.cancel();
  co_await children.join();
  log.push_back("parent cleaned up");
}

Task<> stop_a_parent(std::vector<std::string>& log) {
  TaskGroup group(co_await asio::this_coro::executor);
  group.spawn("parent", parent(log));
  co_await sleep(milliseconds{1});
  group.cancel();
  co_await group.join();
  log.push_back("joined");
}

}  // namespace

TEST_CASE("join waits for every task of the group") {
  std::vector<std::string> log;
  drive(run_two(log));
  CHECK(log == std::vector<std::string>{"2", "fast", "slow", "0"});
}

TEST_CASE("a cancelled group stops what waits and starts nothing new") {
  std::vector<std::string> log;
  drive(stop_two(log));
  CHECK(log == std::vector<std::string>{"one was stopped", "two was stopped"});
}

TEST_CASE("a task that throws ends alone and its group goes on") {
  bool joined = false;
  drive(spawn_a_failing_one(joined));
  CHECK(joined);
}

TEST_CASE("joining an empty group completes at once") {
  bool joined = false;
  drive(join_an_empty_group(joined));
  CHECK(joined);
}

TEST_CASE("a cancelled task still stops and joins its own children") {
  std::vector<std::string> log;
  drive(stop_a_parent(log));
  CHECK(log == std::vector<std::string>{"child was stopped", "parent cleaned up", "joined"});
}

TEST_CASE("a group that dies after the loop leaves nothing behind") {
  asio::io_context loop(1);
  std::vector<std::string> log;
  {
    TaskGroup group(loop.get_executor());
    group.spawn("never ends", note(log, "never", kLong));
    loop.run_for(milliseconds{1});
  }
  CHECK(log.empty());
}

}  // namespace edge::net::test
