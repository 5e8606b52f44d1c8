#include "control/agent_forwarding.hpp"

#include "net/relay.hpp"

namespace edge::control {

net::Task<> forward_to_agent(std::unique_ptr<net::Stream> far, std::string socket) {
  auto connected = net::connect_unix(far->executor(), socket);
  if (!connected) {
    far->close();
    co_return;
  }
  auto near = std::make_shared<net::SocketStream>(std::move(*connected));
  auto& watched = near->socket();
  auto asker = std::shared_ptr<net::Stream>(std::move(far));
  co_await net::relay(near, watched, asker, {});
}

}  // namespace edge::control
