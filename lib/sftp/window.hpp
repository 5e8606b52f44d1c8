// How much may be asked for and not answered yet: requests and bytes. Who finds no room waits in
// line. Thread rule: one loop.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>

#include "net/waiter.hpp"

namespace edge::sftp {

class Window {
 public:
  Window(net::asio::any_io_executor executor, std::size_t requests, std::size_t bytes)
      : executor_(std::move(executor)), requests_(requests), bytes_(bytes) {}

  // What is larger than the whole window waits until it is alone. False: over.
  net::Task<bool> take(std::size_t bytes);
  void give_back(std::size_t bytes);
  void set_bytes(std::size_t bytes) { bytes_ = bytes; }  // for those who come
  void end();                                            // nobody waits any longer

 private:
  bool has_room(std::size_t bytes) const {
    return taken_ == 0 || (taken_ < requests_ && taken_bytes_ + bytes <= bytes_);
  }
  void wake();

  struct InLine {
    InLine(const net::asio::any_io_executor& executor, std::size_t size)
        : waiter(executor), bytes(size) {}
    net::Waiter waiter;
    std::size_t bytes;
    bool has_taken = false;
  };
  net::asio::any_io_executor executor_;
  const std::size_t requests_;
  std::size_t bytes_;
  std::size_t taken_ = 0, taken_bytes_ = 0;
  std::deque<std::shared_ptr<InLine>> line_;
  bool over_ = false;
};

}  // namespace edge::sftp
