// What a peer whom nobody trusts may cost a session, beyond what libssh bounds by itself. Private
// to lib/ssh.
//   - libssh calls some errors of a peer fatal and then goes on with what the peer has changed: a
//   channel that is
//     confirmed once more with a maximum packet of 0 makes the next write an endless loop;
//   - it answers requests into a buffer that grows as long as the peer does not read;
//   - it checks signatures and answers services of anybody, without counting.
#pragma once

#include <cstdint>
#include <string>

#include "ssh/handles.hpp"

namespace edge::ssh {

class PeerBounds {
 public:
  // Why the session must end now; empty if it need not. Cheap: runs after each call into libssh.
  std::string broken(ssh_session raw, const ssh_counter_struct& socket,
                     const ssh_counter_struct& packets);
  void known() noexcept { stranger_ = false; }  // logged in, and has its forward

 private:
  bool stranger_ = true;
  std::int64_t drained_at_ = 0;  // written() when nothing waited for the kernel
};

}  // namespace edge::ssh
