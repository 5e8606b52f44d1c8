#include "server/poll/poll_port.hpp"

#include <array>
#include <atomic>

#include "base/log.hpp"
#include "net/deadline.hpp"
#include "server/poll/poll_requests.hpp"

namespace edge::server {
namespace {

constexpr int kRefusals = 2;
constexpr milliseconds kLongestAnswer = std::chrono::hours(2);  // longer than any hold may be set

// Lets a peer that is still sending read why it was refused: a socket closed with unread bytes
// resets, and the answer would be lost. Bounded in bytes and time.
net::Task<> linger(net::TlsStream& stream) {
  constexpr std::size_t kMostDiscarded = 1024 * 1024;
  net::Deadline bound(stream.executor(), milliseconds{1000}, [&stream] { stream.close(); });
  co_await stream.shutdown_write();
  std::array<char, 4096> waste;
  for (std::size_t discarded = 0; discarded < kMostDiscarded;) {
    const auto read = co_await stream.read_some(net::asio::buffer(waste));
    if (read.error) co_return;
    discarded += read.size;
  }
}

std::uint64_t next_connection() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace

net::HttpLimits PollPort::limits_of(const PollConnection& connection) const {
  net::HttpLimits limits;
  limits.head_deadline = parts_.config.header_deadline;
  limits.body = connection.known() ? PollConnection::kBodyLimit : PollConnection::kStrangerBody;
  if (!connection.known()) limits.idle = limits.body_deadline = parts_.config.header_deadline;
  return limits;
}

PollPort::PollPort(net::asio::any_io_executor executor, Parts& parts)
    : executor_(executor), parts_(parts), tasks_(executor) {}

void PollPort::listen(Acceptor acceptor) {
  acceptors_.push_back(std::make_unique<Acceptor>(std::move(acceptor)));
  tasks_.spawn("poll.accept", accept(acceptors_.size() - 1));
}

net::Task<> PollPort::accept(std::size_t index) {
  co_await accept_all(*acceptors_[index], [this](net::Socket socket) {
    ConnectionSlot slot(
        parts_, std::size_t{parts_.config.connections} * 9 / 10);  // the rest is for tunnels
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
  int refusals = 0;  // in a row: a ticket's 401 is asked once more with the MAC, nothing more
  while (!parts_.draining && refusals < kRefusals) {
    const auto limits = limits_of(connection);
    auto request = co_await reader.request(limits);
    net::Deadline bound(executor_, limits.body_deadline, [&stream] { stream.close(); });
    if (!request) {
      if (request.error().code == Errc::usage) {
        auto refusal = error_response(request.error());
        refusal.keep_alive = false;
        co_await net::write_response(stream, std::move(refusal));
        co_await linger(stream);
      }
      co_return;
    }
    const bool keep = request->keep_alive;
    bound.extend(kLongestAnswer);  // a held check-in
    auto response = co_await connection.answer(std::move(*request));
    if (!response) co_return;  // the agent has gone
    refusals = response->status == 401 ? refusals + 1 : 0;
    response->keep_alive = keep && response->keep_alive && refusals < kRefusals && !parts_.draining;
    bound.extend(limits.body_deadline);
    if (co_await net::write_response(stream, std::move(*response))) co_return;
    if (!keep) break;
  }
  co_await stream.shutdown_write();
}

}  // namespace edge::server
