#include "control/local_stream.hpp"

#include <limits.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>

namespace edge::control {

LocalStream::LocalStream(net::asio::any_io_executor executor, int descriptor)
    : descriptor_(descriptor), ready_(executor) {
  const int watch = ::epoll_create1(EPOLL_CLOEXEC);
  if (watch < 0) return;
  // EPERM: a regular file or /dev/null, which never block.
  epoll_event event{};
  waits_ = ::epoll_ctl(watch, EPOLL_CTL_ADD, descriptor, &event) == 0;
  net::error_code error;
  if (waits_) ready_.assign(watch, error);
  if (!waits_ || error) ::close(watch);
  waits_ = waits_ && !error;
}

LocalStream::~LocalStream() = default;

void LocalStream::cancel() {
  net::error_code ignored;
  ready_.close(ignored);
}

net::Task<net::error_code> LocalStream::wait(std::uint32_t event) {
  if (watched_ != event) {
    epoll_event wanted{};
    wanted.events = watched_ = event;
    ::epoll_ctl(ready_.native_handle(), EPOLL_CTL_MOD, descriptor_, &wanted);
  }
  auto [error] =
      co_await ready_.async_wait(net::asio::posix::stream_descriptor::wait_read, net::as_values);
  co_return error;
}

net::Task<net::Read> LocalStream::read_some(net::asio::mutable_buffer buffer) {
  for (;;) {
    if (waits_) {
      const auto error = co_await wait(EPOLLIN);
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
      const auto error = co_await wait(EPOLLOUT);
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
