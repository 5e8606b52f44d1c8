// Random bytes and what is made of them. The only source is OpenSSL's CSPRNG; a failing one ends
// the program.
#pragma once

#include <string>

#include "base/ids.hpp"
#include "base/secret.hpp"

namespace edge::crypto {

std::string random_bytes(std::size_t count);
Secret random_secret(std::size_t count);
std::string random_uuid();  // RFC 9562 version 4: the form of an edge ID
EndpointId new_endpoint_id();
InstanceId new_instance_id();
TunnelId new_tunnel_id();
SessionId new_session_id();
// Uniform in [0, 1), for jitter.
double random_fraction();

// Of OpenSSL, "3.0.15".
std::string library_version();

}  // namespace edge::crypto
