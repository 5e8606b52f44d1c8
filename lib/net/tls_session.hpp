// What a client keeps of a server's last handshake, so that the next one is short.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>

#include "base/time.hpp"

struct ssl_session_st;  // OpenSSL's SSL_SESSION, which its types.h leaves out

namespace edge::net {

// The newest session of one server. A resumed handshake shows no certificate, so a session is only
// offered where the certificate was checked by the same context (the same pins) for the same host,
// and not longer than a day after: who stole a ticket's key is not believed for ever.
// Owned by whoever connects again (it may die before the streams that it was given to).
// Thread rule: the loop of its streams.
class SessionMemory {
 public:
  static constexpr std::chrono::hours kLongestTrust{24};
  // Tries that brought no new session, before it is let go: whatever a server does with it, the
  // client gets out.
  static constexpr int kMostOffers = 3;

  using Now = SteadyTime (*)();  // a test's own
  explicit SessionMemory(Now now = std::chrono::steady_clock::now);
  ~SessionMemory();
  SessionMemory(const SessionMemory&) = delete;

  // Before the client's handshake: offers the session if it may be, and takes what the server
  // gives on this connection.
  void attach(SSL* ssl, const std::string& host);
  void forget() noexcept;
  bool empty() const noexcept;

 private:
  struct State;
  struct Connection;
  static int connection_index();
  static int on_session(SSL* ssl, ssl_session_st* session) noexcept;
  friend void remember_sessions(SSL_CTX* context);

  std::shared_ptr<State> state_;  // shared with the connections that may still bring a session
};

// Makes a client's context hand its sessions to the memories that are attached.
void remember_sessions(SSL_CTX* context);

}  // namespace edge::net
