// `edgectl connect`: a session on an endpoint, with this terminal or for one command.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"

namespace edge::control {

struct ConnectOptions {
  std::string socket;  // the admin socket
  std::string user;    // account on the node; empty: root, or the agent's own where it is not root
  std::string endpoint;              // name or id
  std::string instance;              // the one that is wanted, by id or host name; empty: any
  std::vector<std::string> command;  // joined by single blanks, as ssh does; empty: a login shell
  std::optional<milliseconds> wait;  // how long an offline endpoint is waited for
  bool force_pty = false;            // -t
  bool no_pty = false;               // -T
  std::optional<char> escape = '~';  // nothing: none
  std::optional<milliseconds> idle;  // ends after so long without input
  std::string agent_socket;          // ssh-agent to be forwarded to; empty: not (-A)
  bool quiet = false;
  bool json = false;                                             // errors as JSON
  std::filesystem::path state_folder;                            // known host keys of instances
  std::string terminal;                                          // TERM
  std::vector<std::pair<std::string, std::string>> environment;  // offered to the far side
};

// Runs the session and gives edgectl's exit status: the far command's, 255 for any failure of ours
// while there is a command, else the code of control/exit_code.hpp. Prints its own errors.
int connect(const ConnectOptions& options);

}  // namespace edge::control
