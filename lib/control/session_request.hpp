// The request that turns a connection of the admin socket into a session's carrier.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/time.hpp"
#include "net/socket_stream.hpp"

namespace edge::control {

struct SessionAsk {
  std::string endpoint;              // name or id
  std::string instance;              // as an operator names it; empty: any
  std::optional<milliseconds> wait;  // for an endpoint that is offline
  std::optional<milliseconds> idle;  // edgectl ends it after so long without input
  std::string session_key;           // "ssh-ed25519 AAAA...", of this session alone
  std::string login_key;             // of SSH where that is another one; empty: the session's
  std::string resume;                // the session that goes on; empty: a new one
  unsigned resumes = 0;              // so far; told to an edged that does not know
};

struct OpenedSession {
  std::shared_ptr<net::Stream> carrier;
  std::string session, instance, host_key;
  milliseconds resume_for{0};  // how long it may be away
};

// Waits as long as edged does. Errors are edged's own: offline, timed-out with the reason,
// not-found...
net::Task<Result<OpenedSession>> request_session(std::string socket, SessionAsk ask);

}  // namespace edge::control
