// ed25519 keys: host keys, and the key pair of one session.
#pragma once

#include <memory>
#include <string>

#include "base/error.hpp"
#include "base/secret.hpp"

struct ssh_key_struct;

namespace edge::ssh {

class Key {
 public:
  Key(Key&&) noexcept;
  Key& operator=(Key&&) noexcept;
  ~Key();

  static Result<Key> generate();
  static Result<Key> from_private_text(const Secret& openssh_pem);
  static Result<Key> from_public_line(const std::string& line);  // "ssh-ed25519 AAAA..."

  Secret private_text() const;      // OpenSSH's own format
  std::string public_line() const;  // without a comment
  std::string fingerprint() const;  // "SHA256:..." as OpenSSH prints it
  bool same_public(const Key& other) const;

  // For signatures of our own (crypto/signature.hpp): 32 bytes each. seed() is empty for a public
  // key.
  Secret seed() const;
  std::string public_bytes() const;

  ssh_key_struct* raw() const noexcept { return raw_; }  // lib/ssh only
  explicit Key(ssh_key_struct* raw) noexcept : raw_(raw) {}

 private:
  ssh_key_struct* raw_;
};

// "0.11.5/openssl/zlib"
std::string library_version();

}  // namespace edge::ssh
