// Coroutines with an owner: every spawned task is counted, stopped and waited for by its TaskGroup.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>
#include <string>

#include "base/time.hpp"

namespace edge::net {

namespace asio = boost::asio;
using boost::system::error_code;

template <class T = void>
using Task = asio::awaitable<T>;

// Errors as values: auto [ec, n] = co_await socket.async_read_some(buffer, as_values);
inline constexpr auto as_values = asio::as_tuple(asio::use_awaitable);

// Waits; false when it was cancelled.
Task<bool> sleep(milliseconds duration);

// The owner of child coroutines on one loop.
// Thread rule: the loop's own thread only. REQUIRES: destroyed only when empty (join() completed)
// or after the loop has stopped for good.
class TaskGroup {
 public:
  explicit TaskGroup(asio::any_io_executor executor);
  TaskGroup(const TaskGroup&) = delete;
  ~TaskGroup();

  // Starts the task; an exception that leaves it is logged under `name`. After cancel() nothing
  // starts.
  void spawn(std::string name, Task<> task);
  // Asks every child to stop: its pending operation ends with operation_aborted, once. What it
  // awaits after that (its cleaning up) is not disturbed, so a loop must look at the error.
  void cancel();
  Task<> join();  // completes when no child is left
  std::size_t size() const noexcept { return children_; }

 private:
  struct Child;
  struct Children;  // outlives the group while a child still runs
  asio::any_io_executor executor_;
  std::shared_ptr<Children> list_;
  std::size_t& children_;
};

}  // namespace edge::net
