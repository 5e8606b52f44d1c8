// stdin, stdout and stderr on an event loop. They are shared with the shell that started us, so
// they are never made non-blocking: readiness is waited for, then read(2) and write(2) are called
// with sizes that cannot block.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>

#include "net/stream.hpp"

namespace edge::control {

class LocalStream {
 public:
  LocalStream(net::asio::any_io_executor executor, int descriptor);
  ~LocalStream();
  LocalStream(const LocalStream&) = delete;

  net::Task<net::Read> read_some(net::asio::mutable_buffer buffer);
  net::Task<net::error_code> write(net::asio::const_buffer bytes);
  void cancel();

 private:
  int descriptor_;
  bool waits_ = false;  // false: a regular file or /dev/null, always ready
  net::asio::posix::stream_descriptor ready_;
};

}  // namespace edge::control
