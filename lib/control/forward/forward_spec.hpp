// What -L, -R and -D say, in ssh's syntax: from where to where. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace edge::control {

// One end of a forward: an address, or a Unix socket.
struct ForwardPlace {
  std::string path;  // of a socket: then nothing else counts
  std::string host;  // of a listener: "localhost" unless another was named, "" for all addresses
  std::uint16_t port = 0;
  bool is_socket() const { return !path.empty(); }
  bool operator==(const ForwardPlace&) const = default;
};

// "localhost:80", "*:80", "/run/docker.sock".
std::string print_place(const ForwardPlace& place);

struct ForwardSpec {
  enum class Kind { local, remote, dynamic };
  Kind kind = Kind::local;
  std::string text;                    // "-L 8080:localhost:80", as it was written
  ForwardPlace listen;                 // on the far side for Kind::remote; port 0: any
  std::optional<ForwardPlace> target;  // on the other side; nothing: who connects says it (SOCKS)
  bool listens_here() const { return kind != Kind::remote; }
};

// -L [bind:]port:host:hostport, [bind:]port:/far/socket, /local/socket:host:hostport,
//    /local/socket:/far/socket
// -R the same, where the listener is the far side's; and [bind:]port alone is SOCKS there
// -D [bind:]port, /local/socket
// IPv6 addresses stand in brackets; an empty bind or '*' is all addresses; a backslash takes the
// meaning from a character. What has a '/' is a socket; the far side's is absolute.
// Errc::usage: which part is wrong, and how it is written.
Result<ForwardSpec> parse_forward(ForwardSpec::Kind kind, std::string_view text);

}  // namespace edge::control
