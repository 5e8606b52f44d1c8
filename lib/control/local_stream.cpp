#include "control/local_stream.hpp"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace edge::control {

LocalStream::LocalStream(net::asio::any_io_executor executor, int descriptor)
    : descriptor_(descriptor), ready_(executor) {
  // epoll takes no regular files and not /dev/null: those never block. asio itself tells only at
  // the first wait.
  struct stat about {};
  const bool known = ::fstat(descriptor, &about) == 0;
  waits_ =
      known && (S_ISFIFO(about.st_mode) || S_ISSOCK(about.st_mode) || ::isatty(descriptor) != 0);
  if (!waits_) return;
  // A dup: epoll knows open files, and the same one may be our stdin and our stdout.
  const int copy = ::dup(descriptor);
  net::error_code error;
  ready_.assign(copy, error);
  waits_ = !error;
  if (error && copy >= 0) ::close(copy);
}

LocalStream::~LocalStream() = default;

void LocalStream::cancel() {
  net::error_code ignored;
  ready_.close(ignored);
}

net::Task<net::Read> LocalStream::read_some(net::asio::mutable_buffer buffer) {
  for (;;) {
    if (waits_) {
      auto [error] = co_await ready_.async_wait(net::asio::posix::stream_descriptor::wait_read,
                                                net::as_values);
      if (error) co_return net::Read{error, 0};
    }
    const auto size = ::read(descriptor_, buffer.data(), buffer.size());
    if (size > 0) co_return net::Read{{}, static_cast<std::size_t>(size)};
    if (size == 0) co_return net::Read{net::asio::error::eof, 0};
    if (errno == EINTR || (errno == EAGAIN && waits_)) continue;
    co_return net::Read{net::error_code(errno, net::asio::error::get_system_category()), 0};
  }
}

net::Task<net::error_code> LocalStream::write(net::asio::const_buffer bytes) {
  while (bytes.size() > 0) {
    std::size_t room = bytes.size();
    if (waits_) {
      auto [error] = co_await ready_.async_wait(net::asio::posix::stream_descriptor::wait_write,
                                                net::as_values);
      if (error) co_return error;
      room = std::min<std::size_t>(room, PIPE_BUF);  // a writable pipe has at least this much room
    }
    const auto size = ::write(descriptor_, bytes.data(), room);
    if (size >= 0) {
      bytes += static_cast<std::size_t>(size);
    } else if (errno != EINTR && !(errno == EAGAIN && waits_)) {
      co_return net::error_code(errno, net::asio::error::get_system_category());
    }
  }
  co_return net::error_code{};
}

}  // namespace edge::control
