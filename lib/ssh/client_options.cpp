#include "ssh/client_options.hpp"

#include <fcntl.h>

namespace edge::ssh {

SessionHandle make_client(int descriptor, const std::string& user, const char* ciphers) {
  SessionHandle raw(ssh_new());
  auto* session = raw.get();
  const bool no = false;
  socket_t fd = descriptor;
  ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG, &no);
  ssh_options_set(session, SSH_OPTIONS_HOST, "edge");
  ssh_options_set(session, SSH_OPTIONS_FD, &fd);
  ssh_options_set(session, SSH_OPTIONS_USER, user.c_str());
  ssh_options_set(session, SSH_OPTIONS_KEY_EXCHANGE, kKeyExchange);
  ssh_options_set(session, SSH_OPTIONS_HOSTKEYS, kHostKeys);
  ssh_options_set(session, SSH_OPTIONS_PUBLICKEY_ACCEPTED_TYPES, kHostKeys);
  ssh_options_set(session, SSH_OPTIONS_CIPHERS_C_S, ciphers);
  ssh_options_set(session, SSH_OPTIONS_CIPHERS_S_C, ciphers);
  ssh_options_set(session, SSH_OPTIONS_HMAC_C_S, kMacs);
  ssh_options_set(session, SSH_OPTIONS_HMAC_S_C, kMacs);
  ssh_options_set(session, SSH_OPTIONS_COMPRESSION, "none");  // "no" would still offer it
  ssh_set_blocking(session, 0);
  return raw;
}

void keep_non_blocking(int descriptor) {
  const int flags = ::fcntl(descriptor, F_GETFL);
  if (flags >= 0) ::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
}

}  // namespace edge::ssh
