// edgectl's end of a session's SSH: one connection over a connected descriptor, and any number of
// channels on it: commands, subsystems, connections from the node (ssh -L), listeners on it
// (ssh -R).
// Thread rule: the thread of the executor only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/address.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "net/stream.hpp"
#include "ssh/key.hpp"
#include "ssh/remote_command.hpp"

namespace edge::ssh {

class Client {
 public:
  using OnStream = std::function<void(std::unique_ptr<net::Stream>)>;
  struct Login {
    std::string host_key;  // "ssh-ed25519 AAAA...", must match
    std::string account;
    // A stream for each asker of an ssh-agent on the far side; empty: refused.
    OnStream on_agent;
  };
  // Handshake and login with the session's key. `descriptor` is the client's from here on.
  static net::Task<Result<std::unique_ptr<Client>>> open(int descriptor, const Key& key,
                                                         Login login, milliseconds deadline);
  ~Client();
  Client(const Client&) = delete;

  // What has not begun by the deadline takes the connection with it: the far side is stuck.
  net::Task<Result<std::unique_ptr<RemoteCommand>>> run(CommandOrder order, milliseconds deadline);

  // A connection that the node makes. Errc::unreachable in the far side's words; `source` is for
  // its log.
  net::Task<Result<std::unique_ptr<net::Stream>>> connect_to(HostPort target, HostPort source);

  // A listener on the node; port 0: any. Gives the port that it listens on; each connection is
  // given to `on_connection`. REQUIRES: no other listen() or unlisten() is under way: SSH tells
  // their answers apart by nothing else.
  net::Task<Result<std::uint16_t>> listen(std::string address, std::uint16_t port,
                                          OnStream on_connection);
  net::Task<> unlisten(std::string address, std::uint16_t port);
  // Connections to what another channel has arranged with the far side (a Unix socket's path, by
  // the subsystem edge-unix).
  void expect(std::string path, OnStream on_connection);

  bool alive() const noexcept;
  const std::string& reason() const noexcept;  // why it is not
  net::Task<> until_dead();
  void close() noexcept;

 private:
  struct Part;
  explicit Client(std::shared_ptr<Part> part);
  std::shared_ptr<Part> part_;
};

}  // namespace edge::ssh
