// Owners of libssh's C objects. Private to lib/ssh: nothing outside names libssh.
#pragma once

#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <libssh/server.h>

#include <memory>

namespace edge::ssh {

template <auto Release>
struct Releaser {
  template <class T>
  void operator()(T* handle) const noexcept {
    Release(handle);
  }
};
using SessionHandle = std::unique_ptr<ssh_session_struct, Releaser<ssh_free>>;
using EventHandle = std::unique_ptr<ssh_event_struct, Releaser<ssh_event_free>>;
using TextHandle = std::unique_ptr<char, Releaser<ssh_string_free_char>>;

// Only modern algorithms (design): curve25519, ed25519, AEAD ciphers, strict key exchange.
inline constexpr const char* kKeyExchange = "curve25519-sha256,curve25519-sha256@libssh.org";
inline constexpr const char* kHostKeys = "ssh-ed25519";
inline constexpr const char* kServerCiphers =
    "aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com";
inline constexpr const char* kClientCiphers = "aes128-gcm@openssh.com,aes256-gcm@openssh.com";
inline constexpr const char* kMacs = "hmac-sha2-256-etm@openssh.com";  // named, never used: AEAD

}  // namespace edge::ssh
