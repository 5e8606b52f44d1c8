// edged's end of a tunnel: an SSH server that lets an agent do exactly one thing, its one
// tcpip-forward. What the forward names is no listener: it is the address that edged's own streams
// carry.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "base/time.hpp"
#include "net/stream.hpp"
#include "ssh/server_identity.hpp"

namespace edge::ssh {

struct TunnelRules {
  // Consumes the credentials: the second call with the same ones is refused.
  std::function<bool(const std::string& user, const std::string& password)> login;
  std::string forward_name;  // the only address that may be forwarded
  std::uint16_t forward_port = 0;
  int tries = 3;
};

class Session;

// Thread rule: the thread of the executor only.
class TunnelServer {
 public:
  TunnelServer(net::asio::any_io_executor executor, int descriptor, const ServerIdentity& identity,
               TunnelRules rules);
  ~TunnelServer();
  TunnelServer(const TunnelServer&) = delete;

  // Handshake, login and forward, all within the deadline, which starts anew with the first packet.
  // `patience`: with silence before each packet. Errors: not_allowed (credentials), timed_out,
  // failure (anything else that ended it), with libssh's words.
  net::Task<Result<void>> establish(milliseconds deadline, milliseconds patience);

  // A new stream to the agent (a forwarded-tcpip channel).
  net::Task<Result<std::unique_ptr<net::Stream>>> open_stream(milliseconds deadline);

  void probe();  // asks "are you there"; the answer shows in last_heard()
  SteadyTime last_heard() const;
  bool alive() const;
  net::Task<> until_dead();
  std::string reason() const;
  bool said_goodbye() const;  // the peer sent SSH_MSG_DISCONNECT before it went
  void close() noexcept;

 private:
  struct Part;  // outlives us while libssh may call back
  std::shared_ptr<Part> part_;
};

}  // namespace edge::ssh
