#include "ssh/server_identity.hpp"

#include <stdexcept>

#include "ssh/handles.hpp"

namespace edge::ssh {

ServerIdentity::ServerIdentity(const Secret& host_key_text) : raw_(ssh_bind_new()) {
  auto key = Key::from_private_text(host_key_text);
  if (raw_ == nullptr || !key) throw std::runtime_error("cannot use the SSH host key");
  const bool no = false;
  ssh_bind_options_set(raw_, SSH_BIND_OPTIONS_PROCESS_CONFIG, &no);
  ssh_bind_options_set(raw_, SSH_BIND_OPTIONS_BANNER, "edge");
  ssh_bind_options_set(raw_, SSH_BIND_OPTIONS_KEY_EXCHANGE, kKeyExchange);
  ssh_bind_options_set(raw_, SSH_BIND_OPTIONS_HOSTKEY_ALGORITHMS, kHostKeys);
  ssh_bind_options_set(raw_, SSH_BIND_OPTIONS_PUBKEY_ACCEPTED_KEY_TYPES, kHostKeys);
  ssh_bind_options_set(raw_, SSH_BIND_OPTIONS_CIPHERS_C_S, kServerCiphers);
  ssh_bind_options_set(raw_, SSH_BIND_OPTIONS_CIPHERS_S_C, kServerCiphers);
  ssh_bind_options_set(raw_, SSH_BIND_OPTIONS_HMAC_C_S, kMacs);
  ssh_bind_options_set(raw_, SSH_BIND_OPTIONS_HMAC_S_C, kMacs);
  // The bind owns the key it imports.
  ssh_bind_options_set(raw_, SSH_BIND_OPTIONS_IMPORT_KEY, ssh_key_dup(key->raw()));
}

ServerIdentity::~ServerIdentity() {
  ssh_bind_free(raw_);
}

}  // namespace edge::ssh
