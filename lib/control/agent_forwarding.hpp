// ssh's agent forwarding (-A): what a program on the node asks its ssh-agent goes to the operator's
// own. Whoever is root on the node can ask, too, for as long as the session lives.
// Thread rule: the stream's loop.
#pragma once

#include <memory>
#include <string>

#include "net/stream.hpp"

namespace edge::control {

// Between one asker on the node and the agent at `socket`, until either ends.
net::Task<> forward_to_agent(std::unique_ptr<net::Stream> far, std::string socket);

}  // namespace edge::control
