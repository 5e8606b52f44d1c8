// edgectl's end of a session: SSH over a connected descriptor, one session channel, one shell or
// command.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "net/stream.hpp"
#include "ssh/key.hpp"
#include "ssh/shell_server.hpp"

namespace edge::ssh {

struct ShellTarget {
  std::string host_key;  // "ssh-ed25519 AAAA...", must match
  std::string account;
  std::optional<PtyRequest> pty;
  std::string modes;  // encoded terminal modes (RFC 4254 section 8)
  std::vector<std::pair<std::string, std::string>> environment;
  std::string command;  // empty: a login shell
  // Asks for agent forwarding, and gets a stream for each asker on the far side; empty: does not.
  std::function<void(std::unique_ptr<net::Stream>)> on_agent;
};

// Thread rule: the thread of the executor only.
class ShellClient {
 public:
  // Handshake, login with the session's key, channel, pty, shell. `descriptor` is the client's from
  // here on.
  static net::Task<Result<std::unique_ptr<ShellClient>>> open(int descriptor, const Key& key,
                                                              ShellTarget target,
                                                              milliseconds deadline);
  ~ShellClient();
  ShellClient(const ShellClient&) = delete;

  net::Stream& stream();  // stdin and stdout of the far side
  net::Task<net::Read> read_error(net::asio::mutable_buffer buffer);
  net::Task<> resize(int columns, int rows);
  net::Task<> send_signal(std::string name);

  // After stdout and stderr have ended: waits for the channel's close. Nothing: it was lost.
  net::Task<std::optional<ShellEnd>> end();
  void close() noexcept;

  struct Part;  // private to shell_client.cpp

 private:
  explicit ShellClient(std::shared_ptr<Part> part);
  std::shared_ptr<Part> part_;
};

}  // namespace edge::ssh
