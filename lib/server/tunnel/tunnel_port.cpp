#include "server/tunnel/tunnel_port.hpp"

#include "base/log.hpp"
#include "net/deadline.hpp"
#include "net/proxy_source.hpp"
#include "net/relay.hpp"

namespace edge::server {
namespace {

// Clients greet at once, and who does has a place right away. Who waits for our greeting first is
// greeted after this: it costs a session's memory, which silence should not.
constexpr milliseconds kGreeting{300};

}  // namespace

TunnelPort::TunnelPort(net::asio::any_io_executor executor, Parts& parts)
    : executor_(executor),
      parts_(parts),
      identity_(parts.host_key),
      handshakes_(executor, handshake_limits(parts.config)),
      tasks_(executor) {}

void TunnelPort::listen(Acceptor acceptor) {
  acceptors_.push_back(std::make_unique<Acceptor>(std::move(acceptor)));
  tasks_.spawn("tunnel.accept", accept(acceptors_.size() - 1));
}

net::Task<> TunnelPort::accept(std::size_t index) {
  co_await accept_all(*acceptors_[index], [this](net::Socket socket) {
    ConnectionSlot slot(parts_, parts_.config.connections);
    if (!slot) return parts_.say_full("tunnel port");
    tasks_.spawn("tunnel", serve(std::move(socket), std::move(slot)));
  });
}

net::Task<> TunnelPort::serve(net::Socket socket, [[maybe_unused]] ConnectionSlot slot) {
  auto peer = net::peer_address(socket);
  bool is_proxy = parts_.trusted.contains(peer);
  if (is_proxy) {
    auto source = co_await net::read_proxy_source(socket, parts_.config.login_deadline);
    if (!source) {
      log::debug("tunnel.proxy-failed", {{"address", peer}, {"reason", source.error().message}});
      co_return;
    }
    if (*source) {
      peer = **source;
      is_proxy = parts_.trusted.contains(peer);
    }
  }
  const std::uint64_t key = is_proxy ? 0 : source_key(peer);
  SourceSlot source_slot(parts_.tunnel_sources, key);
  if (!source_slot) {
    log::debug("tunnel.source-full", {{"address", peer}});
    co_return;  // closed at once, the agent backs off
  }
  Newcomer newcomer(executor_, parts_.tunnel_sources, key, parts_.clock.steady());
  newcomer.on_cut([&socket] { socket.close(); });
  const bool there = co_await first_byte(socket);
  if (!there) co_return;
  auto place = co_await handshakes_.enter(key, parts_.config.login_deadline);
  newcomer.on_cut(nullptr);
  if (!place || place->to_be_told() || !socket.is_open()) co_return;
  newcomer.take(std::move(*place));
  // Who has failed often has its places for longer, so it makes fewer key exchanges a second.
  const auto owed = parts_.tunnel_penalties.owed(key, parts_.clock.steady());
  if (owed.count() > 0) {
    const bool waited = co_await net::sleep(owed);
    if (!waited) co_return;
  }
  auto tunnel = std::make_shared<Tunnel>(executor_, parts_, std::move(peer), TunnelWay::direct);
  co_await tunnel->run(std::move(socket), identity_, std::move(newcomer));
}

// False: it has gone. It need not have spoken.
net::Task<bool> TunnelPort::first_byte(net::Socket& socket) {
  net::error_code error;
  if (socket.available(error) > 0) co_return true;
  net::Deadline bound(executor_, kGreeting, [&socket] {
    net::error_code ignored;
    socket.cancel(ignored);
  });
  co_await socket.async_wait(net::Socket::wait_read, net::as_values);
  const auto state = co_await net::asio::this_coro::cancellation_state;
  co_return socket.is_open() && state.cancelled() == net::asio::cancellation_type::none;
}

void TunnelPort::adopt(net::TlsStream stream, std::string rest, std::string peer, SourceSlot source,
                       ConnectionSlot slot) {
  const int descriptor = stream.socket().native_handle();
  auto tls = std::make_unique<net::TlsStream>(std::move(stream));
  auto shared = std::shared_ptr<net::Stream>(net::with_rest(std::move(tls), std::move(rest)));
  tasks_.spawn("tunnel", serve_adopted(std::move(shared), descriptor, std::move(peer),
                                       std::move(source), std::move(slot)));
}

net::Task<> TunnelPort::serve_adopted(std::shared_ptr<net::Stream> stream, int pace_of,
                                      std::string peer, [[maybe_unused]] SourceSlot source,
                                      [[maybe_unused]] ConnectionSlot slot) {
  // libssh wants a descriptor: the two ends of a pair count as connections do.
  ConnectionSlot near(parts_, parts_.config.connections), far(parts_, parts_.config.connections);
  if (!near || !far) {
    parts_.say_full("poll port");
    co_return;
  }
  auto bridge = net::bridge(stream, pace_of);
  if (!bridge) {
    log::error("tunnel.no-bridge", {{"address", peer}, {"reason", bridge.error().message}});
    co_return;
  }
  net::TaskGroup relaying(executor_);
  relaying.spawn("tunnel.bridge", std::move(bridge->work));
  auto tunnel = std::make_shared<Tunnel>(executor_, parts_, std::move(peer), TunnelWay::poll_port);
  auto socket = net::adopt_socket(executor_, bridge->descriptor);
  co_await tunnel->run(std::move(socket), identity_, Newcomer());
  // libssh closes the descriptor of a session that died when the session goes: the bridge waits for
  // that, and must not keep it.
  tunnel.reset();
  co_await relaying.join();
}

void TunnelPort::stop_accepting() {
  for (auto& acceptor : acceptors_) acceptor->close();
}

net::Task<> TunnelPort::drain(milliseconds deadline) {
  stop_accepting();
  net::Deadline bound(executor_, deadline, [this] { tasks_.cancel(); });
  co_await tasks_.join();
}

}  // namespace edge::server
