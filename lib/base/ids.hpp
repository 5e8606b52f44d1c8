// Identities as types of their own, so that an instance is never passed where an endpoint is meant.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <utility>

#include "base/error.hpp"

namespace edge {

// An id in its text form. Tag makes each kind a type of its own.
template <class Tag>
struct Id {
  std::string text;
  bool empty() const noexcept { return text.empty(); }
  auto operator<=>(const Id&) const = default;
};

using EndpointId = Id<struct EndpointTag>;  // 16 random bytes, 32 hex digits
using InstanceId = Id<struct InstanceTag>;  // 8 random bytes, 16 hex digits, made at join
using TunnelId = Id<struct TunnelTag>;    // 16 random bytes, 32 hex digits; also the SSH user name
using SessionId = Id<struct SessionTag>;  // 8 random bytes, 16 hex digits

// REQUIRES: the text is the id's lower-case hex form of exactly that many bytes; else Errc::usage.
Result<EndpointId> parse_endpoint_id(std::string_view text);
Result<InstanceId> parse_instance_id(std::string_view text);
Result<SessionId> parse_session_id(std::string_view text);

// A random UUID (RFC 9562, version 4), lower case, as edge IDs are.
bool is_uuid(std::string_view text);

// The rule for endpoint names: [a-z0-9] with '.', '-', '_' inside, 1 to 63 characters.
bool is_endpoint_name(std::string_view name);
inline constexpr const char* kEndpointNameRule =
    "names are a-z and 0-9 with '.', '-' and '_' inside, 1 to 63 characters";

// What an agent may be told to accept as its TLS server: "sha256/BASE64" of a public key, or
// "system" for a certificate that the system's CAs vouch for.
bool is_pin(std::string_view text);

}  // namespace edge

template <class Tag>
struct std::hash<edge::Id<Tag>> {
  std::size_t operator()(const edge::Id<Tag>& id) const noexcept {
    return std::hash<std::string>{}(id.text);
  }
};
