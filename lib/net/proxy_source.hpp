// Who is really there, on a connection that a balancer with the PROXY protocol made.
#pragma once

#include <optional>

#include "net/socket_stream.hpp"

namespace edge::net {

// Takes a PROXY header (v1 or v2) off a fresh connection, not a byte more: what follows is the TLS
// or SSH of the client. REQUIRES: the peer is trusted; a header from anybody else must not be
// looked for, so that it fails as the malformed TLS or SSH that it is.
//
// The client's address; nothing when no header came, or one that names no address: the connection's
// own holds then. A connection on which nothing comes at all looks like neither until the deadline.
// Errc::usage: malformed. Errc::unreachable: closed before a whole header came. Errc::timed_out:
// the deadline passed; the socket is closed then.
Task<Result<std::optional<std::string>>> read_proxy_source(Socket& socket, milliseconds deadline);

}  // namespace edge::net
