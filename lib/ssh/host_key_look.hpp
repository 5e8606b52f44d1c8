// Looks at the host key of an SSH server without logging in: what both doctors ask a tunnel port.
#pragma once

#include <string>

#include "base/error.hpp"
#include "base/time.hpp"
#include "net/socket_stream.hpp"

namespace edge::ssh {

struct HostKeyLook {
  std::string banner;       // "SSH-2.0-libssh_0.11.5"
  std::string fingerprint;  // "SHA256:..."
};

// All within the deadline. Errors: timed_out (it says nothing, or stops in the middle), unreachable
// (it closed), usage (what it says is no SSH; the words are quoted), failure (libssh's words).
net::Task<Result<HostKeyLook>> look_at_host_key(net::Socket socket, milliseconds deadline);

}  // namespace edge::ssh
