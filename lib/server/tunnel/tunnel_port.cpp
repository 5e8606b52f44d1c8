#include "server/tunnel/tunnel_port.hpp"

#include "base/log.hpp"
#include "net/deadline.hpp"
#include "net/proxy_source.hpp"

namespace edge::server {

TunnelPort::TunnelPort(net::asio::any_io_executor executor, Parts& parts)
    : executor_(executor), parts_(parts), identity_(parts.host_key), tasks_(executor) {}

void TunnelPort::listen(Acceptor acceptor) {
  acceptors_.push_back(std::make_unique<Acceptor>(std::move(acceptor)));
  tasks_.spawn("tunnel.accept", accept(acceptors_.size() - 1));
}

net::Task<> TunnelPort::accept(std::size_t index) {
  co_await accept_all(*acceptors_[index], [this](net::Socket socket) {
    ConnectionSlot slot(parts_, parts_.config.connections);
    if (!slot) return;
    tasks_.spawn("tunnel", serve(std::move(socket), std::move(slot)));
  });
}

net::Task<> TunnelPort::serve(net::Socket socket, ConnectionSlot slot) {
  auto peer = net::peer_address(socket);
  if (parts_.trusted.contains(peer)) {
    auto source = co_await net::read_proxy_source(socket, parts_.config.login_deadline);
    if (!source) {
      log::debug("tunnel.proxy-failed", {{"address", peer}, {"reason", source.error().message}});
      co_return;
    }
    if (*source) peer = **source;
  }
  auto tunnel = std::make_shared<Tunnel>(executor_, parts_, std::move(peer));
  co_await tunnel->run(std::move(socket), identity_, std::move(slot));
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
