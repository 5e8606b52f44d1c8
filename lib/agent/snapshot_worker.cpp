#include "agent/snapshot_worker.hpp"

#include <boost/asio/co_spawn.hpp>

#include "agent/snapshot.hpp"

namespace edge::agent {
namespace {

net::Task<std::string> snapshot_text() {
  const SystemClock clock;
  co_return take_snapshot("/", clock)
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

net::Task<std::string> SnapshotWorker::take() {
  auto text = co_await net::asio::co_spawn(thread_, snapshot_text(), net::asio::use_awaitable);
  co_return text;
}

}  // namespace edge::agent
