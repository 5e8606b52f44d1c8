#include "net/task.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>

#include "base/log.hpp"

namespace edge::net {

Task<bool> sleep(milliseconds duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  auto [ec] = co_await timer.async_wait(as_values);
  // A cancellation that came while the timer's end was already on its way must not be lost.
  const auto state = co_await asio::this_coro::cancellation_state;
  co_return !ec && state.cancelled() == asio::cancellation_type::none;
}

struct TaskGroup::Child {
  std::string name;
  asio::cancellation_signal stop;
};

struct TaskGroup::Children {
  explicit Children(const asio::any_io_executor& executor) : empty(executor) {
    empty.expires_at(SteadyTime::max());
  }
  std::list<Child> running;
  std::size_t count = 0;
  bool stopping = false;
  asio::steady_timer empty;  // cancelled to say "nobody is left"
};

TaskGroup::TaskGroup(asio::any_io_executor executor)
    : executor_(std::move(executor)),
      list_(std::make_shared<Children>(executor_)),
      children_(list_->count) {}

TaskGroup::~TaskGroup() {
  list_->stopping = true;
}

namespace {

// A cancelled task goes on with the error that its operation gave, and cleans up; without this,
// asio would throw out of its next co_await instead.
Task<> without_throwing(Task<> task) {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await std::move(task);
}

}  // namespace

void TaskGroup::spawn(std::string name, Task<> task) {
  if (list_->stopping) return;
  auto child = list_->running.emplace(list_->running.end());
  child->name = std::move(name);
  ++list_->count;
  auto on_end = [children = list_, child](std::exception_ptr failure) {
    if (failure) {
      try {
        std::rethrow_exception(failure);
      } catch (const boost::system::system_error& error) {
        if (error.code() != asio::error::operation_aborted) {
          log::error("task.failed", {{"task", child->name}, {"reason", error.what()}});
        }
      } catch (const std::exception& error) {
        log::error("task.failed", {{"task", child->name}, {"reason", error.what()}});
      }
    }
    children->running.erase(child);
    if (--children->count == 0) children->empty.cancel();
  };
  asio::co_spawn(executor_, without_throwing(std::move(task)),
                 asio::bind_cancellation_slot(child->stop.slot(), std::move(on_end)));
}

void TaskGroup::cancel() {
  list_->stopping = true;
  // Posted one by one: emitting may end a child in place, and that changes the list.
  for (auto& child : list_->running) {
    asio::post(executor_, [children = list_, wanted = &child] {
      for (auto& running : children->running) {
        if (&running == wanted) {
          running.stop.emit(asio::cancellation_type::terminal);
          return;
        }
      }
    });
  }
}

Task<> TaskGroup::join() {
  auto children = list_;
  while (children->count != 0) co_await children->empty.async_wait(as_values);
}

}  // namespace edge::net
