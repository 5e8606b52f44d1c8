#include "control/copy/jobs.hpp"

namespace edge::control {

void Jobs::push(Job job) {
  waiting_.push_back(std::move(job));
  if (idle_.empty()) return;
  idle_.back()->ring();
  idle_.pop_back();
}

net::Task<> Jobs::work() {
  auto waiter = std::make_shared<net::Waiter>(executor_);
  for (;;) {
    if (waiting_.empty()) {
      if (busy_ == 0) break;
      idle_.push_back(waiter);
      const bool rung = co_await waiter->wait();
      if (!rung) co_return;
      continue;
    }
    auto job = std::move(waiting_.back());
    waiting_.pop_back();
    ++busy_;
    co_await job();
    --busy_;
  }
  for (auto& other : std::exchange(idle_, {})) other->ring();
}

net::Task<> Jobs::run(std::size_t at_once) {
  net::TaskGroup workers(executor_);
  for (std::size_t i = 0; i < at_once; ++i) workers.spawn("copy.work", work());
  co_await workers.join();
}

}  // namespace edge::control
