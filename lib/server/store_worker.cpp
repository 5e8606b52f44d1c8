#include "server/store_worker.hpp"

#include <vector>

#include "base/log.hpp"

namespace edge::server {
void StoreWorker::push(std::unique_ptr<Job> job) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(job));
    if (std::exchange(working_, true)) return;
  }
  net::asio::post(thread_, [this] { work_off(); });
}

std::unique_ptr<StoreWorker::Job> StoreWorker::next() {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) {
    working_ = false;  // whoever pushes from now on calls us again
    return nullptr;
  }
  auto job = std::move(waiting_.front());
  waiting_.pop_front();
  return job;
}

void StoreWorker::work_off() {
  while (auto job = next()) run_group(std::move(job));
}

// The group is who waits already: nobody is waited for. Those that come while it runs join it, up
// to its bounds; those that come while it is written to the disk are the next.
void StoreWorker::run_group(std::unique_ptr<Job> first) {
  const auto until = std::chrono::steady_clock::now() + limits_.time;
  std::vector<std::unique_ptr<Job>> group;
  const auto committed = store_.together([&] {
    for (auto job = std::move(first); job; job = next()) {
      group.push_back(std::move(job));
      group.back()->work(store_);
      if (group.size() == limits_.jobs || std::chrono::steady_clock::now() >= until) break;
    }
  });
  if (first) group.push_back(std::move(first));  // it did not even begin
  if (!committed) {
    log::error("store.not-written",
               {{"jobs", group.size()}, {"reason", committed.error().message}});
  }
  for (auto& job : group) job->finish(committed);
}

}  // namespace edge::server
