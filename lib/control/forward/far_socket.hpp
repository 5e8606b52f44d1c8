// Unix sockets of the node, over an SSH client: the subsystem edge-unix (docs/tunnel-protocol.md).
// Thread rule: one loop.
#pragma once

#include <memory>
#include <string>

#include "base/error.hpp"
#include "ssh/client.hpp"

namespace edge::control {

// A connection. Errors are the node's own: not_found, not_allowed, unreachable (nobody listens)...
net::Task<Result<std::unique_ptr<net::Stream>>> connect_far_socket(ssh::Client& client,
                                                                   std::string path);

// A listener, for as long as what it gives is kept; who connects is given to `on_connection`.
// REQUIRES: the client is there for as long.
net::Task<Result<std::unique_ptr<ssh::RemoteCommand>>> listen_on_far_socket(
    ssh::Client& client, std::string path, ssh::Client::OnStream on_connection);

}  // namespace edge::control
