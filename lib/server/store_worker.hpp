// The way from an event loop to the store and back: SQL runs on one thread of its own, never on a
// loop.
//
// Jobs that wait while the disk is busy share the next transaction, so that 15,000 associations do
// not cost 15,000 times the disk's patience. A lone job waits for nobody. The promise stays that of
// the store: no job's answer is given before all that it wrote is on disk; when the group's
// commit fails, or edged dies before it, every job of the group failed and nothing of it remains.
// A job that fails by itself undoes its own writes only.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "net/task.hpp"
#include "store/store.hpp"

namespace edge::server {

class StoreWorker {
 public:
  struct Limits {  // of one transaction
    std::size_t jobs = 256;
    milliseconds time{50};  // how long its first job may have to wait for its last
  };
  explicit StoreWorker(store::Store& store) : StoreWorker(store, Limits()) {}
  StoreWorker(store::Store& store, Limits limits) : store_(store), limits_(limits), thread_(1) {}
  ~StoreWorker() { thread_.join(); }

  // Runs `work(store)`, which gives a Result, on the store's thread and comes back to the caller's
  // loop with what it gave once that is on disk. What the work does besides writing to the store
  // may still come to nothing. REQUIRES: a named lambda that captures values (gcc 12 destroys
  // temporaries of capturing lambdas twice).
  template <class Work>
  net::Task<std::invoke_result_t<Work&, store::Store&>> run(Work work);

  // Runs it some time, in order; a failure is the work's own to log.
  template <class Work>
  void post(Work work) {
    push(std::make_unique<Posted<Work>>(std::move(work)));
  }

  // Everything posted is done when it returns; nothing may come after.
  void drain() { thread_.join(); }

 private:
  struct Job {
    virtual ~Job() = default;
    virtual void work(store::Store& store) = 0;
    virtual void finish(const Result<void>& committed) = 0;  // on the store's thread
  };
  template <class Work>
  struct Posted;
  template <class Work, class Handler>
  struct Asked;

  void push(std::unique_ptr<Job> job);
  std::unique_ptr<Job> next();
  void work_off();
  void run_group(std::unique_ptr<Job> first);

  store::Store& store_;
  const Limits limits_;
  std::mutex mutex_;
  std::deque<std::unique_ptr<Job>> waiting_;  // under mutex_
  bool working_ = false;                      // under mutex_: somebody will look at waiting_
  net::asio::thread_pool thread_;
};

template <class Work>
struct StoreWorker::Posted final : Job {
  explicit Posted(Work given) : job(std::move(given)) {}
  void work(store::Store& store) override { job(store); }
  void finish(const Result<void>&) override {}
  Work job;
};

template <class Work, class Handler>
struct StoreWorker::Asked final : Job {
  using Answer = std::invoke_result_t<Work&, store::Store&>;
  Asked(Work given, Handler to) : job(std::move(given)), handler(std::move(to)) {}
  void work(store::Store& store) override { answer.emplace(job(store)); }
  void finish(const Result<void>& committed) override {
    if (!committed) answer.emplace(committed.error());
    auto back = [handler = std::move(handler), answer = std::move(*answer)]() mutable {
      std::move(handler)(std::move(answer));
    };
    net::asio::post(guard.get_executor(), std::move(back));
  }
  Work job;
  Handler handler;
  std::optional<Answer> answer;
  // The loop has work for as long as somebody on it waits for us.
  net::asio::executor_work_guard<net::asio::associated_executor_t<Handler>> guard =
      net::asio::make_work_guard(net::asio::get_associated_executor(handler));
};

template <class Work>
net::Task<std::invoke_result_t<Work&, store::Store&>> StoreWorker::run(Work work) {
  using Answer = std::invoke_result_t<Work&, store::Store&>;
  auto start = [this](auto handler, Work given) {
    using Handler = std::decay_t<decltype(handler)>;
    push(std::make_unique<Asked<Work, Handler>>(std::move(given), std::move(handler)));
  };
  auto answer =
      co_await net::asio::async_initiate<const net::asio::use_awaitable_t<>, void(Answer)>(
          start, net::asio::use_awaitable, std::move(work));
  co_return answer;
}

}  // namespace edge::server
