// The event loops: one thread per io_context, and everything lives on one of them for good.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <thread>
#include <vector>

namespace edge::net {

class Loops {
 public:
  explicit Loops(std::size_t count);
  ~Loops();
  std::size_t size() const noexcept { return contexts_.size(); }
  boost::asio::io_context& at(std::size_t index) { return *contexts_[index]; }

  // Runs loop 0 on the calling thread and the others on their own, until all have nothing left to
  // do or stop().
  void run();
  void stop();  // any thread; the hard way, after a drain

 private:
  std::vector<std::unique_ptr<boost::asio::io_context>> contexts_;
  std::vector<std::thread> threads_;
};

}  // namespace edge::net
