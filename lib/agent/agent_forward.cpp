#include "agent/agent_forward.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/this_coro.hpp>

#include "agent/forward_pump.hpp"

namespace edge::agent {
namespace {

constexpr milliseconds kPause{100};  // after an accept that failed: descriptors may come back

using Streams = std::vector<std::weak_ptr<net::Stream>>;

net::Task<> carry(std::shared_ptr<ssh::ShellChannel> channel, net::Socket socket,
                  std::shared_ptr<Streams> open, ForwardBudget::Place place) {
  auto opened = co_await channel->open_agent();
  if (!opened) co_return;  // who asked sees the connection end: there is no agent
  std::shared_ptr<net::Stream> stream = std::move(*opened);
  std::erase_if(*open, [](const auto& one) { return one.expired(); });
  open->push_back(stream);
  co_await pump_forward(std::move(socket), std::move(stream), std::move(place));
}

}  // namespace

net::Task<> forward_agent(std::shared_ptr<ssh::ShellChannel> channel, Descriptor listener,
                          ForwardBudget& budget) {
  using Local = net::asio::local::stream_protocol;
  const auto executor = co_await net::asio::this_coro::executor;
  Local::acceptor acceptor(executor);
  net::error_code error;
  acceptor.assign(Local(), listener.get(), error);
  if (error) co_return;
  listener.release();
  net::TaskGroup connections(executor);
  auto open = std::make_shared<Streams>();
  for (;;) {
    Local::socket socket(executor);
    auto [failed] = co_await acceptor.async_accept(socket, net::as_values);
    if (failed == net::asio::error::operation_aborted) break;
    if (!failed) {
      auto place = budget.take();
      if (place)
        connections.spawn("session.agent",
                          carry(channel, net::Socket(std::move(socket)), open, std::move(place)));
      continue;
    }
    const bool waited = co_await net::sleep(kPause);
    if (!waited) break;
  }
  // The shell has ended. Their channels are the connection's, which may go on (ControlMaster).
  connections.cancel();
  for (const auto& one : *open) {
    if (const auto stream = one.lock()) stream->close();
  }
  co_await connections.join();
}

}  // namespace edge::agent
