// Takes snapshots off the loop: reading the system may block for seconds (systemctl, a slow disk).
// Thread rule: take() from any loop; it comes back to that loop.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <string>

#include "net/task.hpp"

namespace edge::agent {

class SnapshotWorker {
 public:
  net::Task<std::string> take();  // the JSON of snapshot.hpp as text

 private:
  net::asio::thread_pool thread_{1};
};

}  // namespace edge::agent
