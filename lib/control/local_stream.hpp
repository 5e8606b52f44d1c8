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
  // Until nobody reads what is written; false: cancelled, or nobody can tell. REQUIRES: this one
  // neither reads nor writes.
  net::Task<bool> reader_gone();
  void cancel();
  void make_roomy() noexcept;  // a pipe that will carry bulk
  // Whoever reads what we write sees its end; REQUIRES: nothing is written after it.
  void end() noexcept;

 private:
  net::Task<net::error_code> wait(std::uint32_t event);  // EPOLLIN or EPOLLOUT

  ssize_t write_some(const void* bytes, std::size_t size);  // never blocks after EPOLLOUT

  void open_anew(int flags);

  const int given_;
  int descriptor_;  // given_, or own_
  int own_ = -1;    // a terminal or a pipe opened anew, with flags of its own
  enum class Kind { terminal, pipe, socket, other } kind_ = Kind::other;
  std::uint32_t watched_ = 0;
  bool has_more_ = false;  // to read, without waiting
  bool waits_ = false;     // false: a regular file or /dev/null, always ready
  // An epoll of its own, which is readable when the descriptor is ready: asio makes whatever it
  // waits on non-blocking, and that flag would be the shell's, too.
  net::asio::posix::stream_descriptor ready_;
};

}  // namespace edge::control
