// What a peer asks a server for, taken from libssh's queue and answered later. Private to lib/ssh.
//
// With server callbacks, or with a message callback, a message dies when the callback returns: a
// connection to somewhere could only be accepted before anybody knows whether it works. A session
// that has neither keeps its messages in a queue.
#pragma once

#include <memory>
#include <string>

#include "ssh/handles.hpp"

namespace edge::ssh {

using Message = std::unique_ptr<ssh_message_struct, Releaser<ssh_message_free>>;

// libssh calls these accessors deprecated, in favour of the callbacks.
struct KeyLogin {
  ssh_key key;  // the message's
  ssh_publickey_state_e state;
};
KeyLogin key_login(ssh_message message);

struct AskedTerminal {
  std::string name;
  int columns, rows, x_pixels, y_pixels;
};
AskedTerminal asked_terminal(ssh_message message);  // of pty-req; of window-change without a name

}  // namespace edge::ssh
