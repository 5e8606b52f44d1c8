#include "ssh/message.hpp"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace edge::ssh {

KeyLogin key_login(ssh_message message) {
  return {ssh_message_auth_pubkey(message), ssh_message_auth_publickey_state(message)};
}

AskedTerminal asked_terminal(ssh_message message) {
  const char* name = ssh_message_channel_request_pty_term(message);
  return {name ? name : "", ssh_message_channel_request_pty_width(message),
          ssh_message_channel_request_pty_height(message),
          ssh_message_channel_request_pty_pxwidth(message),
          ssh_message_channel_request_pty_pxheight(message)};
}

}  // namespace edge::ssh
