// What every SSH client of ours sets before it connects. Private to lib/ssh.
#pragma once

#include <string>

#include "ssh/handles.hpp"

namespace edge::ssh {

// A non-blocking client session over an own descriptor, modern algorithms only, no configuration
// files.
SessionHandle make_client(int descriptor, const std::string& user, const char* ciphers);

// Logging in has a "try again" of its own; every other call has SSH_AGAIN.
inline int again_or(int login_result) {
  return login_result == SSH_AUTH_AGAIN ? SSH_AGAIN : login_result;
}

// The first ssh_connect() puts the descriptor back to blocking; this mends that.
void keep_non_blocking(int descriptor);

}  // namespace edge::ssh
