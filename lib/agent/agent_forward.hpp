// Programs of a session that ask the operator's ssh-agent (ssh -A): what connects to the session's
// socket is carried to the operator.
#pragma once

#include <memory>

#include "agent/forward_budget.hpp"
#include "base/descriptor.hpp"
#include "net/task.hpp"
#include "ssh/shell_server.hpp"

namespace edge::agent {

// Until it is cancelled, or the channel's session ends; then no connection is left.
net::Task<> forward_agent(std::shared_ptr<ssh::ShellChannel> channel, Descriptor listener,
                          ForwardBudget& budget);

}  // namespace edge::agent
