#include "ssh/channel.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "ssh/session.hpp"

namespace edge::ssh {
namespace {
// libssh keeps the memory that one write needs for ever: 32 KB costs little and is fast.
constexpr std::size_t kChunk = 32 * 1024;

Channel* self(void* userdata) {
  return static_cast<Channel*>(userdata);
}
}  // namespace

Channel::Channel(std::shared_ptr<Session> session, ssh_channel raw)
    : session_(std::move(session)), raw_(raw) {
  session_->add(this);
  callbacks_.userdata = this;
  callbacks_.channel_eof_function = [](ssh_session, ssh_channel, void* user) noexcept {
    self(user)->session_->moved();
  };
  callbacks_.channel_close_function = [](ssh_session, ssh_channel, void* user) noexcept {
    self(user)->session_->moved();
  };
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

Channel::~Channel() {
  close();
}

net::asio::any_io_executor Channel::executor() {
  return session_->executor();
}

Task<net::Read> Channel::read(net::asio::mutable_buffer buffer, int is_stderr) {
  auto session = session_;
  while (raw_ != nullptr) {
    const int rc = ssh_channel_read_nonblocking(
        raw_, buffer.data(), static_cast<std::uint32_t>(buffer.size()), is_stderr);
    session->touched();
    if (rc > 0) co_return net::Read{{}, static_cast<std::size_t>(rc)};
    if (raw_ == nullptr) break;
    if (rc == SSH_EOF || ssh_channel_is_eof(raw_)) {
      // Packets that the failed read processed may have brought the last bytes and the EOF
      // together.
      if (ssh_channel_poll(raw_, is_stderr) > 0) continue;
      co_return net::Read{net::asio::error::eof, 0};
    }
    if (rc == SSH_ERROR || ssh_channel_is_closed(raw_)) break;
    if (!co_await session->progress()) break;
  }
  co_return net::Read{net::asio::error::connection_reset, 0};
}

Task<net::error_code> Channel::write(net::asio::const_buffer bytes, int is_stderr) {
  auto session = session_;
  while (bytes.size() > 0) {
    if (raw_ == nullptr || !session->alive() || !ssh_channel_is_open(raw_)) {
      co_return net::asio::error::connection_reset;
    }
    // libssh would buffer up to the peer's whole window: what the kernel has not taken stops us
    // first.
    const bool kernel_full = (ssh_get_status(session->raw()) & SSH_WRITE_PENDING) != 0;
    const auto room = std::min<std::size_t>({bytes.size(), kChunk, ssh_channel_window_size(raw_)});
    int written = 0;
    if (!kernel_full && room > 0) {
      const auto size = static_cast<std::uint32_t>(room);
      written = is_stderr ? ssh_channel_write_stderr(raw_, bytes.data(), size)
                          : ssh_channel_write(raw_, bytes.data(), size);
      session->touched();
    }
    if (written < 0) co_return net::asio::error::connection_reset;
    bytes += static_cast<std::size_t>(written);
    if (written == 0 && !co_await session->progress()) co_return net::asio::error::connection_reset;
  }
  co_return net::error_code{};
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
  if (session_->alive() && ssh_channel_is_open(raw) && ssh_channel_close(raw) == SSH_AGAIN) {
    ssh_channel_close(raw);
  }
  ssh_channel_free(raw);
  session_->moved();
}

Task<> Channel::closed() {
  auto session = session_;
  while (raw_ != nullptr && session->alive() && !ssh_channel_is_closed(raw_)) {
    if (!co_await session->progress()) break;
  }
}

void Channel::detach() noexcept {
  auto* raw = std::exchange(raw_, nullptr);
  if (raw != nullptr) ssh_remove_channel_callbacks(raw, &callbacks_);
}

void Channel::refused() noexcept {
  auto* raw = std::exchange(raw_, nullptr);
  if (raw == nullptr) return;
  session_->remove(this);
  ssh_remove_channel_callbacks(raw, &callbacks_);
  ssh_channel_free(raw);
}

}  // namespace edge::ssh
