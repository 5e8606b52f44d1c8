// The request that turns a connection of the admin socket into SSH with the far side.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/time.hpp"
#include "net/socket_stream.hpp"

namespace edge::control {

struct OpenedSession {
  int descriptor = -1;  // the caller's
  std::string session, instance, host_key;
};

// Waits as long as edged does. Errors are edged's own: offline, timed-out with the reason,
// not-found... `instance`: the one that is wanted, by id or host name; empty: any.
net::Task<Result<OpenedSession>> request_session(std::string socket, std::string endpoint,
                                                 std::string instance, std::string public_key,
                                                 std::optional<milliseconds> wait);

}  // namespace edge::control
