// A connection of the node and its channel towards the operator (net::pump), and its place among
// the forwards.
#pragma once

#include <memory>

#include "agent/forward_budget.hpp"
#include "net/socket_stream.hpp"

namespace edge::agent {

net::Task<> pump_forward(net::Socket near, std::shared_ptr<net::Stream> far,
                         ForwardBudget::Place place);

}  // namespace edge::agent
