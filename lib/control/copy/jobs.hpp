// Work that makes more work, done by so many at once: the last that came first, so that a tree is
// gone through in depth and little of it waits. Thread rule: one loop.
#pragma once

#include <functional>
#include <vector>

#include "net/task.hpp"
#include "net/waiter.hpp"

namespace edge::control {

class Jobs {
 public:
  using Job = std::function<net::Task<>()>;

  explicit Jobs(net::asio::any_io_executor executor) : executor_(std::move(executor)) {}
  Jobs(const Jobs&) = delete;

  void push(Job job);
  // Until all are done and none is left; those that were pushed meanwhile included.
  net::Task<> run(std::size_t at_once);
  // What has not begun never will.
  void drop() { waiting_.clear(); }

 private:
  net::Task<> work();

  net::asio::any_io_executor executor_;
  std::vector<Job> waiting_;
  std::vector<std::shared_ptr<net::Waiter>> idle_;
  std::size_t busy_ = 0;
};

}  // namespace edge::control
