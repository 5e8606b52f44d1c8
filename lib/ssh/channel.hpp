// One channel of a session as a byte stream, with SSH's extras: stderr, exit status, requests.
// Private to lib/ssh; others see net::Stream or the types of shell_server.hpp, client.hpp and
// remote_command.hpp.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "net/send_pace.hpp"
#include "net/stream.hpp"
#include "net/waiter.hpp"
#include "ssh/handles.hpp"

namespace edge::ssh {

class Session;
using net::Task;
using net::Waiter;

class Channel final : public net::Stream {
 public:
  // Takes over the raw channel. REQUIRES: the session is alive.
  Channel(std::shared_ptr<Session> session, ssh_channel raw);
  ~Channel() override;
  Channel(const Channel&) = delete;

  net::asio::any_io_executor executor() override;
  Task<net::Read> read_some(net::asio::mutable_buffer buffer) override { return read(buffer, 0); }
  Task<net::error_code> write(net::asio::const_buffer bytes) override { return write(bytes, 0); }
  Task<net::error_code> shutdown_write() override;
  void close() noexcept override;
  void offer_to(Taker taker) override { taker_ = std::move(taker); }

  // The second stream of a session channel.
  Task<net::Read> read_error(net::asio::mutable_buffer buffer) { return read(buffer, 1); }
  Task<net::error_code> write_error(net::asio::const_buffer bytes) { return write(bytes, 1); }

  Task<bool> closed() override;

  void detach() noexcept;   // by the session, when it ends: libssh frees the raw channel itself
  void wake() noexcept;     // by the session, when it dies: whoever waits looks again
  void refused() noexcept;  // the peer refused the open: only freed, never closed (it would drop
                            // the session)
  ssh_channel raw() const noexcept { return raw_; }
  Session& session() noexcept { return *session_; }

  // What the peer said about the end of a command; recorded by callbacks.
  struct Exit {
    std::optional<int> status;
    std::string signal, message;
    bool core_dumped = false;
  };
  const Exit& exit() const noexcept { return exit_; }

 private:
  // One direction of arriving bytes; libssh keeps them, the window bounds them.
  struct Arriving {
    explicit Arriving(const net::asio::any_io_executor& executor) : waiter(executor) {}
    std::uint32_t size = 0;
    bool known = false;  // that the callbacks have told all of it: some comes before they are set
    Waiter waiter;
  };

  static int on_data(ssh_session, ssh_channel, void* bytes, std::uint32_t size, int is_stderr,
                     void* user) noexcept;
  static void on_eof(ssh_session, ssh_channel, void* user) noexcept;
  void look(Arriving& arriving, int is_stderr);
  static int on_window(ssh_session, ssh_channel, std::uint32_t, void* user) noexcept;
  Task<net::Read> read(net::asio::mutable_buffer buffer, int is_stderr);
  Task<net::error_code> write(net::asio::const_buffer bytes, int is_stderr);
  int write_some(net::asio::const_buffer bytes, int is_stderr, net::Room room);

  std::shared_ptr<Session> session_;
  ssh_channel raw_;
  Arriving output_, error_;
  Taker taker_;    // of output_
  Waiter window_;  // rung when the peer's window is not empty any more
  Waiter close_;   // rung when the channel may have closed
  std::uint64_t written_ = 0;
  bool ended_ = false;  // the peer has sent EOF, or closed the channel
  ssh_channel_callbacks_struct callbacks_{};
  Exit exit_;
  bool peer_closed_ = false;
  bool small_packets_ = false;
  bool tried_ = false;  // a first chunk went out in packets of a size
};

}  // namespace edge::ssh
