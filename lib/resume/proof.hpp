// How both ends of a lasting stream prove who they are before it goes on over a new carrier:
//
//   operator -> node   hello    nonce, received
//   node -> operator   welcome  nonce, received, signature by the node's host key
//   operator -> node   proof    signature by the session's key
//
// Both sign the same: stream, both counts, both nonces, and which end they are. So nothing of it is
// worth anything in another resumption, from the other end, or in SSH (whose own signatures are
// over a hash of 32 bytes, or begin with a length). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"
#include "crypto/signature.hpp"

namespace edge::resume {

inline constexpr std::size_t kNonceBytes = 32;
inline constexpr std::size_t kHelloBytes = kNonceBytes + 8;
inline constexpr std::size_t kProofBytes = crypto::kSignatureBytes;
inline constexpr std::size_t kWelcomeBytes = kHelloBytes + kProofBytes;

enum class Side { one_operator, node };

// What one end keeps to prove itself and to know the other.
struct Keys {
  std::string stream;      // its id
  Secret seed;             // our own key: Ed25519, 32 bytes
  std::string other_side;  // the other end's public key, 32 bytes
};

struct Hello {
  std::string nonce;
  std::uint64_t received = 0;  // of the stream, in order
};
std::string print_hello(const Hello& hello);
Hello parse_hello(std::string_view payload);  // REQUIRES: kHelloBytes, as FrameReader gives

// What both have said: what is signed.
struct Exchange {
  Hello by_operator, by_node;
};
std::string sign(const Keys& keys, Side signer, const Exchange& said);
bool is_signed(const Keys& keys, Side signer, const Exchange& said, std::string_view signature);

}  // namespace edge::resume
