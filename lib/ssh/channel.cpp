#include "ssh/channel.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "base/text.hpp"
#include "ssh/session.hpp"

namespace edge::ssh {
namespace {

// libssh keeps the memory that its largest packet needed until the session ends, in four buffers of
// a power of two each: a stream that has not moved much writes small packets, and bulk large ones,
// each a little less than a power of two, header and all.
constexpr std::size_t kSmall = 8 * 1024 - 128;
constexpr std::size_t kLarge = 32 * 1024 - 128;
constexpr std::size_t kBatch = 4 * 32 * 1024;  // leaves in one system call; libssh splits it
constexpr std::uint64_t kBulk = 4 * 1024 * 1024;
// Until it is known that the peer takes packets of a size: one of a byte each would make a chunk a
// burst of thousands.
constexpr std::size_t kFirstChunk = 512;
constexpr std::size_t kTinyPacket = 32;
constexpr std::size_t kAnswers = 4;  // of one channel: opened, its window, its end

// libssh reads while it writes: some of the packets are answers to others.
bool takes_tiny_packets(std::size_t bytes, std::uint64_t packets, std::size_t channels) {
  return packets > 8 + kAnswers * channels + bytes / kTinyPacket;
}

Channel* self(void* userdata) {
  return static_cast<Channel*>(userdata);
}

// A writer's place in the session's line, for as long as it writes.
class Place {
 public:
  explicit Place(std::shared_ptr<Session> session)
      : waiter(session->executor()), session_(std::move(session)) {}
  Place(const Place&) = delete;
  ~Place() { session_->end_turn(waiter); }
  Waiter waiter;

 private:
  std::shared_ptr<Session> session_;
};

}  // namespace

Channel::Channel(std::shared_ptr<Session> session, ssh_channel raw)
    : session_(std::move(session)),
      raw_(raw),
      output_(session_->executor()),
      error_(session_->executor()),
      window_(session_->executor()),
      close_(session_->executor()) {
  session_->add(this);
  callbacks_.userdata = this;
  callbacks_.channel_data_function = on_data;
  callbacks_.channel_eof_function = on_eof;
  callbacks_.channel_close_function = [](ssh_session of, ssh_channel channel, void* user) noexcept {
    self(user)->peer_closed_ = true;
    self(user)->close_.ring();
    on_eof(of, channel, user);
  };
  callbacks_.channel_write_wontblock_function = on_window;
  callbacks_.channel_exit_status_function = [](ssh_session, ssh_channel, int status,
                                               void* user) noexcept {
    self(user)->exit_.status = status;
  };
  callbacks_.channel_exit_signal_function = [](ssh_session, ssh_channel, const char* signal,
                                               int core, const char* message, const char*,
                                               void* user) noexcept {
    auto& exit = self(user)->exit_;
    exit.signal = printable(signal ? signal : "", 64);
    exit.message = printable(message ? message : "", 1024);
    exit.core_dumped = core != 0;
  };
  ssh_callbacks_init(&callbacks_);
  ssh_add_channel_callbacks(raw_, &callbacks_);
}

// What nobody takes here stays in libssh, for a reader, and the window bounds it.
int Channel::on_data(ssh_session, ssh_channel, void* bytes, std::uint32_t size, int is_stderr,
                     void* user) noexcept {
  auto& channel = *self(user);
  auto& arriving = is_stderr ? channel.error_ : channel.output_;
  std::uint32_t taken = 0;
  // By arriving, not by being read: a window that nobody empties bounds what it can earn.
  if (size > arriving.size) {
    channel.session_->moved_bytes(size - arriving.size);
    channel.session_->heard_data(size - arriving.size);
  }
  if (!is_stderr && channel.taker_)
    taken = static_cast<std::uint32_t>(channel.taker_(net::asio::buffer(bytes, size)));
  arriving.size = size - taken;  // of all that libssh has
  if (arriving.size > 0) arriving.waiter.ring();
  return static_cast<int>(taken);
}

void Channel::on_eof(ssh_session, ssh_channel, void* user) noexcept {
  self(user)->ended_ = true;
  self(user)->wake();
  self(user)->session_->moved();
}

// Also called, for every channel, whenever the socket takes more: whose window is empty sleeps on.
int Channel::on_window(ssh_session, ssh_channel, std::uint32_t window, void* user) noexcept {
  if (window > 0) self(user)->window_.ring();
  return 0;
}

void Channel::wake() noexcept {
  output_.waiter.ring();
  error_.waiter.ring();
  window_.ring();
  close_.ring();
}

Channel::~Channel() {
  close();
}

net::asio::any_io_executor Channel::executor() {
  return session_->executor();
}

Task<net::Read> Channel::read(net::asio::mutable_buffer buffer, int is_stderr) {
  auto session = session_;
  auto& arriving = is_stderr ? error_ : output_;
  while (raw_ != nullptr) {
    if (arriving.size == 0 && !arriving.known) look(arriving, is_stderr);
    if (arriving.size > 0) {
      const int rc = ssh_channel_read_timeout(
          raw_, buffer.data(), static_cast<std::uint32_t>(buffer.size()), is_stderr, 0);
      arriving.size -= static_cast<std::uint32_t>(std::clamp<std::int64_t>(rc, 0, arriving.size));
      if (peer_closed_) close_.ring();  // to libssh it closes with the last byte that is read
      session->touched();
      if (rc <= 0) break;
      co_return net::Read{{}, static_cast<std::size_t>(rc)};
    }
    if (ended_) co_return net::Read{net::asio::error::eof, 0};
    if (!session->alive() || ssh_channel_is_closed(raw_)) break;
    const bool rung = co_await arriving.waiter.wait();
    if (!rung) break;
  }
  co_return net::Read{net::asio::error::connection_reset, 0};
}

// Costs a system call, so only until it has found nothing once: the callbacks tell from there on.
void Channel::look(Arriving& arriving, int is_stderr) {
  const int rc = ssh_channel_poll(raw_, is_stderr);
  if (rc > 0) arriving.size = static_cast<std::uint32_t>(rc);
  if (rc == 0) arriving.known = true;
  if (rc == SSH_EOF) ended_ = true;
  session_->touched();
}

Task<net::error_code> Channel::write(net::asio::const_buffer bytes, int is_stderr) {
  auto session = session_;
  Place place(session);
  while (bytes.size() > 0) {
    if (raw_ == nullptr || !session->alive() || !ssh_channel_is_open(raw_)) {
      co_return net::asio::error::connection_reset;
    }
    // Who waits for its own peer must not hold up the line.
    bool rung = true;
    if (ssh_channel_window_size(raw_) == 0) {
      session->end_turn(place.waiter);
      rung = co_await window_.wait();
    } else if (const auto room = session->may_write(place.waiter, bytes.size());
               room != net::Room::none) {
      const int written = write_some(bytes, is_stderr, room);
      session->end_turn(place.waiter);
      if (written < 0) co_return net::asio::error::connection_reset;
      bytes += static_cast<std::size_t>(written);
      // Others of the loop between two chunks: each may be a hundred packets.
      if (bytes.size() > 0) {
        const auto executor = session->executor();
        co_await net::asio::post(executor, net::asio::use_awaitable);
      }
    } else {
      rung = co_await session->turn_to_write(place.waiter, bytes.size());
    }
    if (!rung) co_return net::asio::error::operation_aborted;
  }
  co_return net::error_code{};
}

// One chunk, or a few, as far as the peer's window allows.
int Channel::write_some(net::asio::const_buffer bytes, int is_stderr, net::Room room) {
  auto chunk = room == net::Room::plenty ? kBatch : kLarge;
  if (written_ < kBulk || small_packets_ || room == net::Room::little) chunk = kSmall;
  if (!tried_) chunk = kFirstChunk;
  const auto fits = std::min<std::size_t>({bytes.size(), chunk, ssh_channel_window_size(raw_)});
  const auto size = static_cast<std::uint32_t>(fits);
  const auto packets = session_->packets_out();
  const int written = is_stderr ? ssh_channel_write_stderr(raw_, bytes.data(), size)
                                : ssh_channel_write(raw_, bytes.data(), size);
  if (written > 0 &&
      takes_tiny_packets(fits, session_->packets_out() - packets, session_->channel_count())) {
    session_->end("takes packets of a few bytes only");
    return SSH_ERROR;
  }
  tried_ = tried_ || fits == kFirstChunk;
  // A batch in packets of a hundred bytes would be a burst of a thousand.
  small_packets_ = small_packets_ || session_->packets_out() - packets > 8 + fits / 4096;
  if (written > 0) {
    written_ += static_cast<std::uint64_t>(written);
    session_->wrote(static_cast<std::size_t>(written));
  }
  session_->touched();
  return written;
}

Task<net::error_code> Channel::shutdown_write() {
  if (raw_ == nullptr || !session_->alive()) co_return net::asio::error::connection_reset;
  ssh_channel_send_eof(raw_);
  session_->touched();
  co_return net::error_code{};
}

void Channel::close() noexcept {
  auto* raw = std::exchange(raw_, nullptr);
  if (raw == nullptr) return;
  session_->remove(this);
  ssh_remove_channel_callbacks(raw, &callbacks_);
  // With a full socket the first call may only send EOF; the second one sends CLOSE. Without it the
  // peer's channel would leak.
  const bool open = session_->alive() && ssh_channel_is_open(raw);
  if (open && ssh_channel_close(raw) == SSH_AGAIN) ssh_channel_close(raw);
  if (open && !peer_closed_) {
    session_->let_close(raw);
  } else {
    ssh_channel_free(raw);
  }
  wake();
  session_->moved();
}

Task<bool> Channel::closed() {
  auto session = session_;
  while (raw_ != nullptr && session->alive() && !ssh_channel_is_closed(raw_)) {
    const bool rung = co_await close_.wait();
    if (!rung) break;
  }
  co_return true;
}

void Channel::detach() noexcept {
  auto* raw = std::exchange(raw_, nullptr);
  if (raw != nullptr) ssh_remove_channel_callbacks(raw, &callbacks_);
  wake();
}

void Channel::refused() noexcept {
  auto* raw = std::exchange(raw_, nullptr);
  if (raw == nullptr) return;
  session_->remove(this);
  ssh_remove_channel_callbacks(raw, &callbacks_);
  ssh_channel_free(raw);
}

}  // namespace edge::ssh
