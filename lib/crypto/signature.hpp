// Ed25519 signatures (RFC 8032) over messages of our own.
#pragma once

#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace edge::crypto {

inline constexpr std::size_t kSignatureBytes = 64;

// REQUIRES: a seed (private key) of 32 bytes.
std::string sign_ed25519(const Secret& seed, std::string_view message);
// False also where key (32 bytes) or signature (64) have another size.
bool verify_ed25519(std::string_view public_key, std::string_view message,
                    std::string_view signature);

}  // namespace edge::crypto
