#include "control/local_stream.hpp"

#include <fcntl.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>

namespace edge::control {

namespace {
constexpr ssize_t kLot = 16 * 1024;
constexpr int kPipeSize = 256 * 1024;  // of one that carries bulk; 64 KB is a turn of two programs
}  // namespace

void LocalStream::make_roomy() noexcept {
  if (kind_ == Kind::pipe) ::fcntl(descriptor_, F_SETPIPE_SZ, kPipeSize);
}

LocalStream::LocalStream(net::asio::any_io_executor executor, int descriptor)
    : given_(descriptor), descriptor_(descriptor), ready_(executor) {
  struct stat about {};
  if (::isatty(descriptor) != 0) {
    // A terminal takes less than it says at EPOLLOUT.
    kind_ = Kind::terminal;
    open_anew(O_RDWR | O_NOCTTY);
  } else if (::fstat(descriptor, &about) == 0) {
    if (S_ISFIFO(about.st_mode)) {
      // A writable pipe has room for PIPE_BUF, and bulk has many times that.
      kind_ = Kind::pipe;
      open_anew(::fcntl(descriptor, F_GETFL) & O_ACCMODE);
    }
    if (S_ISSOCK(about.st_mode)) kind_ = Kind::socket;
  }
  const int watch = ::epoll_create1(EPOLL_CLOEXEC);
  if (watch < 0) return;
  // EPERM: a regular file or /dev/null, which never block.
  epoll_event event{};
  waits_ = ::epoll_ctl(watch, EPOLL_CTL_ADD, descriptor_, &event) == 0;
  net::error_code error;
  if (waits_) ready_.assign(watch, error);
  if (!waits_ || error) ::close(watch);
  waits_ = waits_ && !error;
}

// Only a descriptor of our own may be made non-blocking. Where that is not to be had (a pipe of
// another user's) the shared one is used, with care.
void LocalStream::open_anew(int flags) {
  const auto path = "/proc/self/fd/" + std::to_string(descriptor_);
  own_ = ::open(path.c_str(), flags | O_NONBLOCK | O_CLOEXEC);
  if (own_ >= 0) descriptor_ = own_;
}

LocalStream::~LocalStream() {
  if (own_ >= 0) ::close(own_);
}

ssize_t LocalStream::write_some(const void* bytes, std::size_t size) {
  constexpr std::size_t kTerminalRoom =
      128;  // of one that is not ours alone: less than n_tty's low mark
  if (kind_ == Kind::socket) return ::send(descriptor_, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (kind_ == Kind::pipe && own_ < 0)
    size = std::min<std::size_t>(size, PIPE_BUF);  // a writable one has this much room
  if (kind_ == Kind::terminal && own_ < 0) size = std::min(size, kTerminalRoom);
  return ::write(descriptor_, bytes, size);
}

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
    if (waits_ && !has_more_) {
      const auto error = co_await wait(EPOLLIN);
      if (error) co_return net::Read{error, 0};
    }
    const auto size = ::read(descriptor_, buffer.data(), buffer.size());
    // Behind a lot there is more: one of our own may be asked without waiting for it.
    has_more_ = own_ >= 0 && size >= kLot;
    if (size > 0) co_return net::Read{{}, static_cast<std::size_t>(size)};
    if (size == 0) co_return net::Read{net::asio::error::eof, 0};
    if (errno == EINTR || (errno == EAGAIN && waits_)) continue;
    co_return net::Read{net::error_code(errno, net::asio::error::get_system_category()), 0};
  }
}

net::Task<net::error_code> LocalStream::write(net::asio::const_buffer bytes) {
  bool full = own_ < 0;  // one of our own says so by itself
  while (bytes.size() > 0) {
    if (waits_ && full) {
      const auto error = co_await wait(EPOLLOUT);
      if (error) co_return error;
    }
    const auto size = write_some(bytes.data(), bytes.size());
    full = size < 0 || own_ < 0;
    if (size >= 0) {
      bytes += static_cast<std::size_t>(size);
    } else if (errno != EINTR && !(errno == EAGAIN && waits_)) {
      co_return net::error_code(errno, net::asio::error::get_system_category());
    }
  }
  co_return net::error_code{};
}

net::Task<bool> LocalStream::reader_gone() {
  if (!waits_) co_return false;
  const auto error = co_await wait(0);  // what is left are EPOLLERR and EPOLLHUP
  co_return !error;
}

void LocalStream::end() noexcept {
  if (kind_ != Kind::pipe && kind_ != Kind::socket) return;
  // The number stays taken: nothing that is opened later may become our standard output.
  const int nothing = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nothing < 0) return;
  ::dup2(nothing, given_);
  if (own_ >= 0) ::dup2(nothing, own_);
  ::close(nothing);
}

}  // namespace edge::control
