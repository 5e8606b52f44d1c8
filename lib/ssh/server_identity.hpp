// What every SSH server of ours shows: one ed25519 host key and the allowed algorithms.
#pragma once

#include <memory>

#include "ssh/key.hpp"

struct ssh_bind_struct;

namespace edge::ssh {

// Thread rule: one per loop (libssh copies from it at every accept).
class ServerIdentity {
 public:
  explicit ServerIdentity(const Secret& host_key_text);
  ~ServerIdentity();
  ssh_bind_struct* raw() const noexcept { return raw_; }  // lib/ssh only

 private:
  ssh_bind_struct* raw_;
};

}  // namespace edge::ssh
