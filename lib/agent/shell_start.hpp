// The last steps before a shell: a process, a Unix session and the account's identity of its own,
// then exec.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "agent/account.hpp"
#include "agent/session_streams.hpp"
#include "agent/subsystems.hpp"
#include "base/error.hpp"

namespace edge::agent {

struct ShellPlan {
  std::string program;
  std::vector<std::string> arguments;  // the first is the name it sees
  std::vector<std::string> environment;
  Subsystem subsystem = nullptr;  // called where the program would be exec'ed
};

// A login shell ("-bash"), or `SHELL -c COMMAND`. `exported` is what PAM's modules did.
ShellPlan plan_shell(const Account& account, const SessionRequest& request,
                     std::string_view time_zone, const Variables& exported = {});

// Gives this process the account's supplementary groups, which the shell inherits: before PAM,
// where pam_group adds to them. Only root can, and nobody else needs to.
Result<void> take_groups(const Account& account);

// Gives this process the account's identity for good, after take_groups().
Result<void> take_identity(const Account& account);

// The shell's process, once its exec has worked; else the step that failed, and why.
// REQUIRES: a process with one thread, whose descriptor 3 is in use, after take_groups(). The
// streams' shell ends are closed on this side.
Result<pid_t> start_shell(const ShellPlan& plan, const Account& account, SessionStreams& streams);

}  // namespace edge::agent
