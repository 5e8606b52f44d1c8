// Channels that we have closed and the peer has not. libssh keeps such a channel, and whatever the
// peer goes on sending into it, until the peer closes it, too: a peer that never does would fill a
// window for each stream there was. Private to lib/ssh.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ssh/handles.hpp"

namespace edge::ssh {

class ClosingChannels {
 public:
  // Takes over a channel that was closed. Frees it when the peer has closed it.
  void add(ssh_channel raw);
  // Outside of libssh's callbacks only.
  void free_closed();
  void forget() noexcept { channels_.clear(); }  // libssh has freed them all

  std::size_t size() const noexcept { return channels_.size(); }
  // Why the session must end now; empty if it need not.
  std::string broken() const;

 private:
  struct Closing {
    explicit Closing(ssh_channel channel);
    Closing(const Closing&) = delete;
    ssh_channel raw;
    ssh_channel_callbacks_struct callbacks{};
    std::size_t kept[2] = {0, 0};  // bytes that libssh holds for nobody: data, extended data
    bool closed = false;
  };
  std::vector<std::unique_ptr<Closing>> channels_;
};

}  // namespace edge::ssh
