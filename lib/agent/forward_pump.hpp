// Both directions between a socket of the node and a channel towards the operator. Each ends on its
// own; an operator who closes the channel, or whose session ends, ends both.
#pragma once

#include <memory>

#include "agent/forward_budget.hpp"
#include "net/socket_stream.hpp"

namespace edge::agent {

// Nobody takes what a socket does not read, once the operator has gone: this long it is waited for.
inline constexpr milliseconds kLastBytes{5'000};

net::Task<> pump_forward(net::Socket near, std::shared_ptr<net::Stream> far,
                         ForwardBudget::Place place);

}  // namespace edge::agent
