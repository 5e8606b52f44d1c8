// The way from an event loop to the store and back: SQL runs on one thread of its own, never on a
// loop.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <memory>

#include "net/task.hpp"
#include "store/store.hpp"

namespace edge::server {

class StoreWorker {
 public:
  explicit StoreWorker(store::Store& store) : store_(store), thread_(1) {}
  ~StoreWorker() { thread_.join(); }

  // Runs `work(store)` on the store's thread and comes back to the caller's loop with what it
  // returned. REQUIRES: a named lambda that captures values (gcc 12 destroys temporaries of
  // capturing lambdas twice).
  template <class Work>
  net::Task<std::invoke_result_t<Work&, store::Store&>> run(Work work) {
    co_return co_await net::asio::co_spawn(
        thread_.get_executor(), on_thread(store_, std::move(work)), net::asio::use_awaitable);
  }

  // Runs it some time, in order; a failure is the work's own to log.
  template <class Work>
  void post(Work work) {
    net::asio::post(thread_, [&store = store_, work = std::move(work)]() mutable { work(store); });
  }

  void drain() {
    thread_.join();
  }  // everything posted is done when it returns; nothing may come after

 private:
  template <class Work>
  static net::Task<std::invoke_result_t<Work&, store::Store&>> on_thread(store::Store& store,
                                                                         Work work) {
    co_return work(store);
  }
  store::Store& store_;
  net::asio::thread_pool thread_;
};

}  // namespace edge::server
