#include "server/poll/poll_port.hpp"

#include "base/log.hpp"
#include "net/deadline.hpp"
#include "net/proxy_source.hpp"
#include "server/poll/poll_connection.hpp"
#include "server/poll/poll_requests.hpp"

namespace edge::server {
namespace {

constexpr std::size_t kBuffer = 16 * 1024;  // a TLS record

}  // namespace

// Over the bound a few more are shaken hands with, to be told when to come again; then nobody is
// accepted, and the kernel keeps them waiting.
class PollPort::Handshake {
 public:
  explicit Handshake(PollPort& port)
      : port_(&port), surplus_(port.handshakes_ >= port.most_handshakes()) {
    ++port.handshakes_;
  }
  Handshake(Handshake&& other) noexcept
      : port_(std::exchange(other.port_, nullptr)), surplus_(other.surplus_) {}
  Handshake& operator=(Handshake&&) = delete;
  ~Handshake() { end(); }
  void end() {
    if (auto* port = std::exchange(port_, nullptr)) {
      --port->handshakes_;
      port->room_.cancel();
    }
  }
  bool surplus() const noexcept { return surplus_; }

 private:
  PollPort* port_;
  const bool surplus_;
};

PollPort::PollPort(net::asio::any_io_executor executor, Parts& parts)
    : executor_(executor),
      parts_(parts),
      buffer_(kBuffer),
      turns_(executor),
      room_(executor),
      tasks_(executor) {
  room_.expires_at(SteadyTime::max());
}

PollPort::~PollPort() = default;

std::size_t PollPort::most_handshakes() const {
  return std::max<std::size_t>(1, parts_.config.handshakes);
}

void PollPort::listen(Acceptor acceptor) {
  acceptors_.push_back(std::make_unique<Acceptor>(std::move(acceptor)));
  tasks_.spawn("poll.accept", accept(acceptors_.size() - 1));
}

net::Task<> PollPort::accept(std::size_t index) {
  auto& acceptor = *acceptors_[index];
  while (acceptor.is_open()) {
    const auto most = most_handshakes();
    if (handshakes_ >= most + std::max<std::size_t>(1, most / 8)) {
      co_await room_.async_wait(net::as_values);
      continue;
    }
    auto socket = co_await accept_one(acceptor);
    if (!socket) co_return;
    ConnectionSlot slot(
        parts_, std::size_t{parts_.config.connections} * 9 / 10);  // the rest is for tunnels
    if (!slot) continue;  // over the budget: closed at once, the agent backs off
    tasks_.spawn("poll.greet", greet(std::move(*socket), std::move(slot), Handshake(*this)));
  }
}

net::Task<> PollPort::greet(net::Socket socket, ConnectionSlot slot, Handshake handshake) {
  Origin origin{net::peer_address(socket), parts_.trusted.contains(net::peer_address(socket))};
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
  net::TlsStream stream(std::move(socket), parts_.tls.get());
  {
    net::Deadline bound(executor_, parts_.config.header_deadline, [&stream] { stream.close(); });
    auto shaken = co_await stream.accept(&turns_);
    if (!shaken) {
      log::debug("poll.handshake-failed",
                 {{"address", origin.address}, {"reason", shaken.error().message}});
      co_return;
    }
  }
  if (handshake.surplus()) {
    co_await turn_away(std::move(stream));
    co_return;
  }
  handshake.end();
  if (cut_) co_return;
  auto connection = std::make_shared<PollConnection>(
      *this, parts_, std::move(stream), std::move(origin), std::move(source_slot), std::move(slot));
  connections_.emplace(connection.get(), connection);
  connection->start();
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
  if (connections_.empty()) room_.cancel();
}

void PollPort::stop_accepting() {
  for (auto& acceptor : acceptors_) acceptor->close();
  room_.cancel();
}

net::Task<> PollPort::drain(milliseconds deadline) {
  stop_accepting();
  net::Deadline bound(executor_, deadline, [this] {
    cut_ = true;
    const auto all = connections_;  // ending one takes it off the list
    for (const auto& [raw, connection] : all) connection->end();
    tasks_.cancel();
    room_.cancel();
  });
  while (!connections_.empty() && !cut_) co_await room_.async_wait(net::as_values);
  co_await tasks_.join();
}

}  // namespace edge::server
