#include "server/poll/poll_port.hpp"

#include <atomic>

#include "base/log.hpp"
#include "net/deadline.hpp"
#include "server/poll/poll_requests.hpp"

namespace edge::server {
namespace {

std::uint64_t next_connection() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace

PollPort::PollPort(net::asio::any_io_executor executor, Parts& parts)
    : executor_(executor), parts_(parts), tasks_(executor) {}

void PollPort::listen(Acceptor acceptor) {
  acceptors_.push_back(std::make_unique<Acceptor>(std::move(acceptor)));
  tasks_.spawn("poll.accept", accept(acceptors_.size() - 1));
}

net::Task<> PollPort::accept(std::size_t index) {
  co_await accept_all(*acceptors_[index], [this](net::Socket socket) {
    ConnectionSlot slot(parts_);
    if (!slot) return;  // over the budget: closed at once, the agent backs off
    tasks_.spawn("poll.connection", serve(std::move(socket), std::move(slot)));
  });
}

void PollPort::stop_accepting() {
  for (auto& acceptor : acceptors_) acceptor->close();
}

net::Task<> PollPort::drain(milliseconds deadline) {
  stop_accepting();
  net::Deadline bound(executor_, deadline, [this] { tasks_.cancel(); });
  co_await tasks_.join();
}

net::Task<> PollPort::serve(net::Socket socket, [[maybe_unused]] ConnectionSlot slot) {
  const auto peer = net::peer_address(socket);
  net::TlsStream stream(std::move(socket), parts_.tls.get());
  {
    net::Deadline bound(executor_, parts_.config.header_deadline, [&stream] { stream.close(); });
    auto shaken = co_await stream.accept();
    if (!shaken) {
      log::debug("poll.handshake-failed", {{"address", peer}, {"reason", shaken.error().message}});
      co_return;
    }
  }
  PollConnection connection(parts_, stream, peer, next_connection());
  net::HttpReader reader(stream);
  net::HttpLimits limits;
  limits.body = PollConnection::kBodyLimit;
  limits.head_deadline = parts_.config.header_deadline;
  while (!parts_.draining) {
    auto request = co_await reader.request(limits);
    if (!request) {
      if (request.error().code == Errc::usage) {
        auto refusal = error_response(request.error());
        refusal.keep_alive = false;
        co_await net::write_response(stream, std::move(refusal));
      }
      co_return;
    }
    const bool keep = request->keep_alive;
    auto response = co_await connection.answer(std::move(*request));
    if (!response) co_return;  // the agent has gone
    response->keep_alive = keep && response->keep_alive && !parts_.draining;
    net::Deadline bound(executor_, limits.body_deadline, [&stream] { stream.close(); });
    if (co_await net::write_response(stream, std::move(*response))) co_return;
    if (!keep) break;
  }
  co_await stream.shutdown_write();
}

}  // namespace edge::server
