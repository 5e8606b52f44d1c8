// The join token: one line of text that carries all an agent needs to associate.
//   edge1.<base64url(JSON)>.<first 8 hex digits of SHA-256 over what precedes the last dot>
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"

namespace edge::wire {

struct Token {
  std::vector<std::string> urls;  // poll URLs, "https://host:port", at least one
  std::string tunnel;             // tunnel address, "host:port"
  EndpointId endpoint;
  std::string name;  // of the endpoint, for messages
  std::vector<std::string>
      host_keys;  // fingerprints of the tunnel server, "SHA256:..." as OpenSSH prints
  std::vector<std::string> pins;    // of the poll server, "sha256/...", or "system"
  Secret secret;                    // 32 bytes
  std::optional<WallTime> expires;  // nothing: never
};

// JSON keys: url (array), tunnel, endpoint, name, host-keys, pins, secret (base64url), expires
// (unix seconds, or absent).
std::string print_token(const Token& token);

// White space around the text is ignored. Errors are Errc::usage and say which it is: not a token,
// of another version ("edge2..."), cut off or mistyped (checksum), or a field missing. Expiry is
// for the caller to check.
Result<Token> parse_token(std::string_view text);

}  // namespace edge::wire
