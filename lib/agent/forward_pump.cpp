#include "agent/forward_pump.hpp"

#include <boost/asio/this_coro.hpp>

namespace edge::agent {
namespace {

// A socket that is only read from would not notice that the operator has closed the channel.
net::Task<> watch_close(std::shared_ptr<net::SocketStream> near, std::shared_ptr<net::Stream> far) {
  co_await far->closed();
  const auto state = co_await net::asio::this_coro::cancellation_state;
  if (state.cancelled() != net::asio::cancellation_type::none) co_return;  // both have ended
  net::error_code ignored;
  near->socket().shutdown(net::Socket::shutdown_receive, ignored);
  const bool late = co_await net::sleep(kLastBytes);
  if (late) near->close();
}

}  // namespace

net::Task<> pump_forward(net::Socket socket, std::shared_ptr<net::Stream> far,
                         ForwardBudget::Place /*place*/) {
  const auto executor = socket.get_executor();
  auto near = std::make_shared<net::SocketStream>(std::move(socket));
  net::TaskGroup directions(executor), watch(executor);
  std::uint64_t in = 0, out = 0;
  directions.spawn("forward.in", net::copy(*far, *near, in, {}));
  directions.spawn("forward.out", net::copy(*near, *far, out, {}));
  watch.spawn("forward.watch", watch_close(near, far));
  co_await directions.join();
  far->close();
  near->close();
  watch.cancel();
  co_await watch.join();
}

}  // namespace edge::agent
