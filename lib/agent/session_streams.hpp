// What a shell reads and writes: a pseudo terminal, or three pipes.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "agent/account.hpp"
#include "agent/session_process.hpp"
#include "base/descriptor.hpp"
#include "base/error.hpp"

namespace edge::agent {

struct SessionStreams {
  std::array<Descriptor, 3> shell;  // input, output, error output; all three the pty's slave
  std::vector<Descriptor> agent;    // the pty's master, or the other ends of the three pipes
  std::string terminal;             // "/dev/pts/3", empty without a pty

  bool has_terminal() const { return !terminal.empty(); }
};

// As the request asks; the terminal belongs to the account. All of it close-on-exec.
Result<SessionStreams> open_streams(const SessionRequest& request, const Account& account);

}  // namespace edge::agent
