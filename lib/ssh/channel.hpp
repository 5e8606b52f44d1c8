// One channel of a session as a byte stream, with SSH's extras: stderr, exit status, requests.
// Private to lib/ssh; others see net::Stream or the types of shell_server.hpp and shell_client.hpp.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "net/stream.hpp"
#include "ssh/handles.hpp"

namespace edge::ssh {

class Session;
using net::Task;

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

  // The second stream of a session channel.
  Task<net::Read> read_error(net::asio::mutable_buffer buffer) { return read(buffer, 1); }
  Task<net::error_code> write_error(net::asio::const_buffer bytes) { return write(bytes, 1); }

  // Completes when the peer has closed the channel, or the session has died.
  Task<> closed();

  void detach() noexcept;   // by the session, when it ends: libssh frees the raw channel itself
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
  Task<net::Read> read(net::asio::mutable_buffer buffer, int is_stderr);
  Task<net::error_code> write(net::asio::const_buffer bytes, int is_stderr);

  std::shared_ptr<Session> session_;
  ssh_channel raw_;
  ssh_channel_callbacks_struct callbacks_{};
  Exit exit_;
};

}  // namespace edge::ssh
