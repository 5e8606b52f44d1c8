#include "server/poll/poll_port.hpp"

#include "base/log.hpp"
#include "net/deadline.hpp"
#include "net/proxy_source.hpp"
#include "server/poll/poll_connection.hpp"
#include "server/poll/poll_requests.hpp"

namespace edge::server {
namespace {

constexpr std::size_t kBuffer = 16 * 1024;  // a TLS record

// A connection that has said nothing yet: a stranger like any other, and no handshake.
class SilentConnection final : public Stranger,
                               public std::enable_shared_from_this<SilentConnection> {
 public:
  explicit SilentConnection(net::Socket& socket)
      : executor_(socket.get_executor()), socket_(&socket) {}
  void make_room() override {
    net::asio::post(executor_, [self = shared_from_this()] {
      if (self->socket_ != nullptr) self->socket_->close();
    });
  }
  void forget() noexcept { socket_ = nullptr; }  // it has spoken, or it is gone

 private:
  const net::asio::any_io_executor executor_;
  net::Socket* socket_;  // on the loop only
};

}  // namespace

PollPort::PollPort(net::asio::any_io_executor executor, Parts& parts, OnTunnel on_tunnel)
    : executor_(executor),
      parts_(parts),
      on_tunnel_(std::move(on_tunnel)),
      buffer_(kBuffer),
      handshakes_(executor, handshake_limits(parts.config)),
      turns_(executor),
      empty_(executor),
      tasks_(executor) {
  empty_.expires_at(SteadyTime::max());
}

PollPort::~PollPort() = default;

void PollPort::listen(Acceptor acceptor) {
  acceptors_.push_back(std::make_unique<Acceptor>(std::move(acceptor)));
  tasks_.spawn("poll.accept", accept(acceptors_.size() - 1));
}

net::Task<> PollPort::accept(std::size_t index) {
  auto& acceptor = *acceptors_[index];
  while (acceptor.is_open()) {
    auto socket = co_await accept_one(acceptor);
    if (!socket) co_return;
    ConnectionSlot slot(
        parts_, std::size_t{parts_.config.connections} * 9 / 10);  // the rest is for tunnels
    if (!slot) {  // over the budget: closed at once, the agent backs off
      parts_.say_full("poll port");
      continue;
    }
    tasks_.spawn("poll.greet", greet(std::move(*socket), std::move(slot)));
  }
}

// Whoever comes is taken off the kernel's queue at once: where that is full it drops what agents
// send, and they wait for seconds before they send it again.
net::Task<> PollPort::greet(net::Socket socket, ConnectionSlot slot) {
  Origin origin{net::peer_address(socket)};
  origin.is_proxy = parts_.trusted.contains(origin.address);
  if (origin.is_proxy) {
    auto source = co_await net::read_proxy_source(socket, parts_.config.header_deadline);
    if (!source) {
      log::debug("poll.proxy-failed",
                 {{"address", origin.address}, {"reason", source.error().message}});
      co_return;
    }
    if (*source) {
      origin.address = **source;
      origin.is_proxy = parts_.trusted.contains(origin.address);
    }
  }
  const std::uint64_t key = origin.is_proxy ? 0 : source_key(origin.address);
  SourceSlot source_slot(parts_.sources, key);
  if (!source_slot) {
    log::debug("poll.source-full", {{"address", origin.address}});
    co_return;  // closed at once, the agent backs off
  }
  const bool speaks = co_await first_byte(socket, key);
  if (!speaks) co_return;
  auto handshake = co_await handshakes_.enter(key, parts_.config.header_deadline);
  if (!handshake) co_return;
  net::TlsStream stream(std::move(socket), parts_.tls.get());
  {
    net::Deadline bound(executor_, parts_.config.header_deadline, [&stream] { stream.close(); });
    const auto patience = parts_.config.header_deadline / (handshake->is_crowded() ? 4 : 1);
    auto shaken = co_await stream.accept(&turns_, patience);
    if (!shaken) {
      log::debug("poll.handshake-failed",
                 {{"address", origin.address}, {"reason", shaken.error().message}});
      co_return;
    }
  }
  if (handshake->to_be_told()) {
    co_await turn_away(std::move(stream));
    co_return;
  }
  handshake->end();
  if (cut_) co_return;
  auto connection = std::make_shared<PollConnection>(
      *this, parts_, std::move(stream), std::move(origin), std::move(source_slot), std::move(slot));
  connections_.emplace(connection.get(), connection);
  connection->start();
}

// Waits for it: whoever is silent takes no handshake's place.
net::Task<bool> PollPort::first_byte(net::Socket& socket, std::uint64_t source) {
  net::error_code error;
  if (socket.available(error) > 0 || error) co_return !error;
  const auto silent = std::make_shared<SilentConnection>(socket);
  parts_.sources.add_stranger(source, silent, parts_.clock.steady());
  net::Deadline bound(executor_, parts_.config.header_deadline, [&socket] { socket.close(); });
  auto [failed] = co_await socket.async_wait(net::Socket::wait_read, net::as_values);
  silent->forget();
  parts_.sources.remove_stranger(source, silent.get());
  co_return !failed && socket.is_open();
}

// "Not now, but soon": spread out by the agent, so that a herd comes back in a file.
net::Task<> PollPort::turn_away(net::TlsStream stream) {
  net::HttpLimits limits;
  limits.idle = limits.head_deadline = limits.body_deadline = parts_.config.header_deadline;
  limits.body = PollRequests::kStrangerBody;
  net::HttpReader reader(stream);
  const auto request = co_await reader.request(limits);
  if (!request) co_return;
  auto response = PollRequests::overloaded();
  response.keep_alive = false;
  net::Deadline bound(executor_, limits.body_deadline, [&stream] { stream.close(); });
  co_await net::write_response(stream, std::move(response));
  stream.say_goodbye();
}

void PollPort::forget(PollConnection& connection) {
  connections_.erase(&connection);
  if (connections_.empty()) empty_.cancel();
}

void PollPort::stop_accepting() {
  for (auto& acceptor : acceptors_) acceptor->close();
  empty_.cancel();
}

net::Task<> PollPort::drain(milliseconds deadline) {
  stop_accepting();
  net::Deadline bound(executor_, deadline, [this] {
    cut_ = true;
    const auto all = connections_;  // ending one takes it off the list
    for (const auto& [raw, connection] : all) connection->end();
    tasks_.cancel();
    empty_.cancel();
  });
  while (!connections_.empty() && !cut_) co_await empty_.async_wait(net::as_values);
  co_await tasks_.join();
}

}  // namespace edge::server
