#include "ssh/session.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "ssh/channel.hpp"

namespace edge::ssh {
namespace {
// Reads of one turn before other sessions of the loop get theirs; 4 KB each (libssh's
// MAX_BUF_SIZE).
constexpr int kTurnBudget = 64;
}  // namespace

Session::Session(net::asio::any_io_executor executor, SessionHandle raw, int descriptor, Side side)
    : executor_(executor),
      raw_(std::move(raw)),
      number_(descriptor),
      descriptor_(executor, descriptor),
      progress_(executor),
      last_heard_(std::chrono::steady_clock::now()) {
  progress_.expires_at(SteadyTime::max());
  struct stat about {};
  if (side == Side::client && ::fstat(descriptor, &about) == 0) inode_ = about.st_ino;
}

Session::~Session() {
  close();
  if (event_) ssh_event_remove_session(event_.get(), raw_.get());
  event_.reset();
  raw_.reset();
  close_forgotten();
}

// ssh_disconnect() lets go of a descriptor that came in by SSH_OPTIONS_FD without closing it, and
// the peer would see no end. Elsewhere libssh does close it: the socket's inode tells whether the
// number is still ours.
void Session::close_forgotten() noexcept {
  struct stat about {};
  if (inode_ == 0 || ::fstat(number_, &about) != 0 || about.st_ino != inode_) return;
  ::close(number_);
  inode_ = 0;
}

bool Session::start() {
  ssh_set_counters(raw_.get(), &socket_bytes_, &packets_);
  event_.reset(ssh_event_new());
  if (!event_ || ssh_event_add_session(event_.get(), raw_.get()) != SSH_OK) return false;
  alive_ = true;
  schedule();
  return true;
}

void Session::close() noexcept {
  for (auto* channel : channels_) channel->detach();
  channels_.clear();
  if (descriptor_.is_open()) descriptor_.release();
  const bool was_alive = std::exchange(alive_, false);
  if (raw_ && was_alive) {
    ssh_disconnect(raw_.get());
    close_forgotten();
  }
  if (reason_.empty()) reason_ = "closed";
  progress_.cancel();
}

Task<bool> Session::progress() {
  auto self = shared_from_this();
  if (alive_) co_await progress_.async_wait(net::as_values);
  // Who was cancelled sees a dead session: its loop must end.
  const auto state = co_await net::asio::this_coro::cancellation_state;
  co_return alive_&& state.cancelled() == net::asio::cancellation_type::none;
}

void Session::touched() {
  if (!alive_) return;
  const bool wants_to_write = (ssh_get_poll_flags(raw_.get()) & SSH_WRITE_PENDING) != 0;
  if (traffic() != seen_traffic_ || (wants_to_write && !writing_)) schedule();
}

void Session::remove(Channel* channel) noexcept {
  std::erase(channels_, channel);
}

void Session::schedule() {
  if (std::exchange(scheduled_, true)) return;
  net::asio::post(executor_, [self = shared_from_this()] {
    self->scheduled_ = false;
    self->turn();
  });
}

// Level by level: let libssh work, see what changed, tell those who wait, decide what to wait for.
void Session::turn() {
  if (!alive_) return;
  auto self = shared_from_this();
  int rounds = 0;
  for (; rounds < kTurnBudget; ++rounds) {
    const int rc = ssh_event_dopoll(event_.get(), 0);
    const bool gone = !ssh_is_connected(raw_.get()) ||
                      (ssh_get_status(raw_.get()) & (SSH_CLOSED | SSH_CLOSED_ERROR)) != 0;
    if (rc == SSH_ERROR || gone) {
      const char* error = ssh_get_error(raw_.get());
      die(error && *error ? error : "connection closed");
      break;
    }
    if (rc == SSH_AGAIN) break;
  }
  if (socket_bytes_.in_bytes != seen_in_) {
    seen_in_ = socket_bytes_.in_bytes;
    last_heard_ = std::chrono::steady_clock::now();
  }
  if (traffic() != seen_traffic_ || std::exchange(moved_, false) || !alive_) {
    seen_traffic_ = traffic();
    moved_ = false;
    progress_.cancel();
  }
  if (after_turn) after_turn();
  if (!alive_) return;
  if (rounds == kTurnBudget) schedule();
  arm();
}

void Session::arm() {
  if (!std::exchange(reading_, true)) {
    descriptor_.async_wait(net::asio::posix::stream_descriptor::wait_read,
                           [self = shared_from_this()](net::error_code error) {
                             self->reading_ = false;
                             if (!error) self->turn();
                           });
  }
  const bool wants_to_write = (ssh_get_poll_flags(raw_.get()) & SSH_WRITE_PENDING) != 0;
  if (wants_to_write && !std::exchange(writing_, true)) {
    descriptor_.async_wait(net::asio::posix::stream_descriptor::wait_write,
                           [self = shared_from_this()](net::error_code error) {
                             self->writing_ = false;
                             if (!error) self->turn();
                           });
  }
}

void Session::die(std::string reason) {
  alive_ = false;
  reason_ = std::move(reason);
  // libssh may have closed the descriptor already: let asio forget the number before anyone reuses
  // it.
  if (descriptor_.is_open()) descriptor_.release();
  progress_.cancel();
}

}  // namespace edge::ssh
