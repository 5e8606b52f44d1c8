// Where a SOCKS client wants to go (-D). Thread rule: the stream's loop.
#pragma once

#include "base/address.hpp"
#include "base/error.hpp"
#include "net/stream.hpp"
#include "wire/socks_server.hpp"

namespace edge::control {

// Reads no byte further than the request; the answer is to be written by who connects. A client
// that is mistaken has been told; one that takes too long finds the stream closed.
net::Task<Result<HostPort>> accept_socks(net::Stream& client, wire::SocksDialogue& dialogue);

// The answer to a request whose connection failed with `code`.
wire::SocksOutcome socks_outcome(Errc code);

}  // namespace edge::control
