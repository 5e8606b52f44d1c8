#include "ssh/session.hpp"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "ssh/channel.hpp"

namespace edge::ssh {
namespace {

// What one turn reads before other sessions of the loop get theirs.
constexpr std::uint64_t kTurnBytes = 128 * 1024;
constexpr std::chrono::milliseconds kTurnTime{2};
// Who reads less than this has emptied the socket: libssh asks for 4 KB or more at once
// (MAX_BUF_SIZE).
constexpr std::uint64_t kLeastRead = 4096;
// Smaller writes do not wait for the path's queue: nobody types a kilobyte.
constexpr std::size_t kKeystroke = 1024;

// What this thread has cost so far; other processes on its core do not count.
std::chrono::nanoseconds thread_time() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace

Session::Session(net::asio::any_io_executor executor, SessionHandle raw, int descriptor, Side side)
    : executor_(executor),
      raw_(std::move(raw)),
      number_(descriptor),
      descriptor_(executor, descriptor),
      progress_(executor),
      death_(executor),
      pace_(descriptor),
      allowance_(std::chrono::steady_clock::now()),
      last_heard_(std::chrono::steady_clock::now()) {
  progress_.expires_at(SteadyTime::max());
  net::keep_unsent_short(descriptor);
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
  const auto channels = std::exchange(channels_, {});
  for (auto* channel : channels) channel->detach();
  if (descriptor_.is_open()) descriptor_.release();
  const bool was_alive = std::exchange(alive_, false);
  if (raw_ && was_alive) {
    ssh_disconnect(raw_.get());
    closing_.forget();
    close_forgotten();
  }
  if (reason_.empty()) reason_ = "closed";
  wake_all();
}

void Session::die(std::string reason) {
  alive_ = false;
  reason_ = std::move(reason);
  // libssh may have closed the descriptor already: let asio forget the number before anyone reuses
  // it.
  if (descriptor_.is_open()) descriptor_.release();
  for (auto* channel : channels_) channel->wake();
  wake_all();
}

void Session::wake_all() noexcept {
  for (auto* writer : std::exchange(line_, {})) writer->ring();
  progress_.cancel();
  death_.ring();
  if (later_) later_->cancel();
}

Task<bool> Session::progress() {
  auto self = shared_from_this();
  if (alive_) co_await progress_.async_wait(net::as_values);
  // Who was cancelled sees a dead session: its loop must end.
  const auto state = co_await net::asio::this_coro::cancellation_state;
  co_return alive_&& state.cancelled() == net::asio::cancellation_type::none;
}

Task<> Session::until_dead() {
  auto self = shared_from_this();
  while (alive_) {
    const bool rung = co_await death_.wait();
    if (!rung) break;
  }
}

void Session::end(std::string reason) noexcept {
  if (reason_.empty()) reason_ = std::move(reason);
  close();
}

bool Session::within_bounds() {
  // Of anybody: the maximum packet of 0 that such a confirmation brings makes the next write
  // endless.
  if (!bounds_ && ssh_get_error_code(raw_.get()) == SSH_FATAL &&
      std::string_view(ssh_get_error(raw_.get())) == "Invalid packet") {
    end("confirms a channel that is none");
    return false;
  }
  if (!bounds_) return true;
  auto broken = bounds_->broken(raw_.get(), socket_bytes_, packets_);
  if (broken.empty()) broken = closing_.broken();
  if (broken.empty()) return true;
  end(std::move(broken));
  return false;
}

void Session::touched() {
  // At once: whoever called may write next.
  if (!alive_ || !within_bounds()) return;
  if (packets_.in_packets != seen_packets_ || (has_unsent() && !writing_)) schedule();
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

// Lets libssh work, sees what changed, tells those who wait, decides what to wait for.
void Session::turn() {
  if (!alive_) return;
  auto self = shared_from_this();
  const auto before = thread_time();
  const bool more = read_all(before);
  if (alive_) closing_.free_closed();
  const bool heard = std::exchange(seen_in_, socket_bytes_.in_bytes) != socket_bytes_.in_bytes;
  if (heard) last_heard_ = std::chrono::steady_clock::now();
  const bool flushed = std::exchange(seen_out_, socket_bytes_.out_bytes) != socket_bytes_.out_bytes;
  seen_packets_ = packets_.in_packets;
  if (heard || flushed || std::exchange(moved_, false) || !alive_) {
    moved_ = false;
    progress_.cancel();
  }
  if (after_turn) after_turn();
  if (!alive_) return;
  wake_writers();
  const auto now = std::chrono::steady_clock::now();
  const auto pause = allowance_.spend(thread_time() - before, now);
  if (pause.count() > 0) wake_later(pause, paused_);
  if (more && !paused_) schedule();
  arm();
}

// False: the socket has nothing more, or the session is dead.
bool Session::read_all(std::chrono::nanoseconds started) {
  const auto start = socket_bytes_.in_bytes;
  const auto most = paused_ ? 1 : kTurnBytes;  // libssh cannot write without a look at what comes
  while (socket_bytes_.in_bytes - start < most) {
    const auto before = socket_bytes_.in_bytes;
    const int rc = ssh_event_dopoll(event_.get(), 0);
    if (rc == SSH_ERROR || is_gone()) {
      die_of_libssh();
      return false;
    }
    if (!within_bounds()) return false;
    if (rc == SSH_AGAIN || socket_bytes_.in_bytes - before < kLeastRead) return false;
    if (thread_time() - started > kTurnTime) break;
  }
  return true;
}

bool Session::is_gone() const {
  return !ssh_is_connected(raw_.get()) ||
         (ssh_get_status(raw_.get()) & (SSH_CLOSED | SSH_CLOSED_ERROR)) != 0;
}

void Session::die_of_libssh() {
  const char* error = ssh_get_error(raw_.get());
  die(error && *error ? error : "connection closed");
}

void Session::look_alive() {
  if (alive_ && is_gone()) return die_of_libssh();
  touched();
}

void Session::arm() {
  if (!paused_) arm_read();
  if (has_unsent() && !std::exchange(writing_, true)) {
    descriptor_.async_wait(net::asio::posix::stream_descriptor::wait_write,
                           [self = shared_from_this()](net::error_code error) {
                             self->writing_ = false;
                             if (!error) self->turn();
                           });
  }
}

void Session::arm_read() {
  if (std::exchange(reading_, true)) return;
  descriptor_.async_wait(net::asio::posix::stream_descriptor::wait_read,
                         [self = shared_from_this()](net::error_code error) {
                           self->reading_ = false;
                           if (!error && !self->paused_) self->turn();
                         });
}

net::Room Session::may_write(const Waiter& writer, std::size_t size) {
  if (has_unsent()) return net::Room::none;
  if (size <= kKeystroke) return net::Room::some;
  if (!line_.empty() && line_.front() != &writer) return net::Room::none;
  const auto room = pace_.room();
  slow_path_ = room == net::Room::none;
  return room;
}

Task<bool> Session::turn_to_write(Waiter& writer, std::size_t size) {
  auto self = shared_from_this();
  if (std::find(line_.begin(), line_.end(), &writer) == line_.end()) {
    // A keystroke is next, whoever waits with more.
    line_.insert(size <= kKeystroke ? line_.begin() : line_.end(), &writer);
  }
  if (slow_path_ && !paused_ && !has_unsent()) wake_later(pace_.next_look(), slow_path_);
  const bool rung = co_await writer.wait();
  co_return rung;
}

void Session::end_turn(Waiter& writer) {
  std::erase(line_, &writer);
  if (alive_) wake_writers();
}

void Session::wake_writers() {
  if (!line_.empty() && !has_unsent()) line_.front()->ring();
}

void Session::wake_later(milliseconds after, bool& pending) {
  pending = true;
  if (!later_) later_ = std::make_unique<net::asio::steady_timer>(executor_);
  later_->expires_after(after);
  later_->async_wait([self = shared_from_this()](net::error_code error) {
    if (error) return;
    self->paused_ = self->slow_path_ = false;
    self->turn();
  });
}

}  // namespace edge::ssh
