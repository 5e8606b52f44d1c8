// What both sides derive from edge ID and token secret, and what they do with it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/secret.hpp"

namespace edge::crypto {

std::string sha256(std::string_view bytes);                             // 32 bytes
std::string hmac_sha256(std::string_view key, std::string_view bytes);  // 32 bytes

// K = HKDF-SHA256(ikm = token secret, salt = edge ID, info = "edge v1"), 32 bytes (RFC 5869).
Secret derive_key(std::string_view edge_id, const Secret& token_secret);
// A key of K for one purpose: HKDF-SHA256(ikm = K, salt = "", info = "edge v1 " + purpose), 32
// bytes.
Secret derive_purpose_key(const Secret& key, std::string_view purpose);

// The MAC of a check-in: base64url(HMAC-SHA256(derive_purpose_key(K, "mac"), method SP path SP
// rest)). `rest` is "ENDPOINT.INSTANCE.COUNTER".
std::string check_in_mac(const Secret& mac_key, std::string_view method, std::string_view path,
                         std::string_view rest);

// AES-256-GCM under derive_purpose_key(K, "seal"): nonce (12) + ciphertext + tag (16). REQUIRES: a
// key of 32 bytes; at most 1 MB of plain text and of associated data.
std::string seal(const Secret& seal_key, std::string_view plain, std::string_view associated);
// Nothing when the bytes, the key or the associated data differ.
std::optional<Secret> open_sealed(const Secret& seal_key, std::string_view sealed,
                                  std::string_view associated);

}  // namespace edge::crypto
