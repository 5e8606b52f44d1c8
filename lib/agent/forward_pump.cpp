#include "agent/forward_pump.hpp"

#include "net/pump.hpp"

namespace edge::agent {

net::Task<> pump_forward(net::Socket near, std::shared_ptr<net::Stream> far,
                         ForwardBudget::Place /*place*/) {
  co_await net::pump(std::move(near), std::move(far));
}

}  // namespace edge::agent
