// The agent's session server: SSH over one stream of the tunnel, for exactly one vouched public
// key. It knows the protocol only; what a shell is, others decide.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "net/stream.hpp"
#include "ssh/forward_request.hpp"
#include "ssh/server_identity.hpp"

namespace edge::ssh {

// The account of a session that named none: root, or the agent's own where it does not run as root.
inline constexpr const char* kDefaultAccount = "-";
// A local signal name (RFC 4254 section 6.10) that says "refused" where a signal would say "ended".
inline constexpr const char* kRefusedSignal = "REFUSED@edge";
// The subsystems that there are. sftp is the node's own program; edge-sums is the agent itself, as
// the account; edge-unix opens Unix sockets as the account (docs/tunnel-protocol.md).
inline constexpr const char* kSftp = "sftp";
inline constexpr const char* kSums = "edge-sums";
inline constexpr const char* kUnixSockets = "edge-unix";

struct PtyRequest {
  std::string terminal;
  int columns = 80, rows = 24, x_pixels = 0, y_pixels = 0;
};

// What an operator asked for on one session channel, as it came: hostile until checked.
struct ShellOrder {
  std::string account;
  std::optional<PtyRequest> pty;
  std::vector<std::pair<std::string, std::string>> environment;  // bounded, not filtered
  std::string command;                                           // empty: a login shell
  std::string subsystem;       // one of the above; then there is no command
  bool forward_agent = false;  // connections to the operator's ssh-agent, ssh -A
};

struct ShellEnd {
  int status = 0;
  std::string signal;  // "TERM", without "SIG"; then status does not count
  bool core_dumped = false;
  std::string message;
};

// One session channel on which a shell or command was ordered.
class ShellChannel {
 public:
  virtual ~ShellChannel() = default;
  virtual const ShellOrder& order() const = 0;
  virtual net::Stream& stream() = 0;  // stdin and stdout
  virtual net::Task<net::error_code> write_error(net::asio::const_buffer bytes) = 0;
  // Called on the loop; may be set once the channel is handed over.
  std::function<void(int columns, int rows, int x_pixels, int y_pixels)> on_resize;
  std::function<void(const std::string& name)> on_signal;
  // Completes when the operator has closed the channel, the transport has died, or we have
  // finished.
  virtual net::Task<> closed() = 0;
  // A stream to the operator's ssh-agent; only for who asked for it (order().forward_agent).
  virtual net::Task<Result<std::unique_ptr<net::Stream>>> open_agent() = 0;
  // Reports the end and closes the channel. A refusal's message is also written to stderr for
  // clients that would not show it.
  virtual net::Task<> finish(ShellEnd end) = 0;
};

// Thread rule: the thread of the executor only.
class ShellServer {
 public:
  using OnOrder = std::function<void(std::shared_ptr<ShellChannel>)>;
  // `descriptor`: connected and non-blocking; the server's from here on.
  ShellServer(net::asio::any_io_executor executor, int descriptor, const ServerIdentity& identity,
              const std::string& vouched_key, OnOrder on_order, ForwardHooks forwards = {});
  ~ShellServer();
  ShellServer(const ShellServer&) = delete;

  net::Task<Result<void>> establish(milliseconds deadline);  // handshake and login
  net::Task<> until_dead();
  void close() noexcept;

  const std::string& account() const noexcept;  // who logged in, as it came; empty before
  // A stream to the operator for a connection from `source` to the listener that was asked for as
  // `address` and listens on `port`.
  net::Task<Result<std::unique_ptr<net::Stream>>> open_forwarded(std::string address,
                                                                 std::uint16_t port,
                                                                 HostPort source);

 private:
  struct Part;
  std::shared_ptr<Part> part_;
};

}  // namespace edge::ssh
