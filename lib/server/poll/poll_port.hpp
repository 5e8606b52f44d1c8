// The poll port on one loop: TLS, HTTP/1.1, kept alive. docs/poll-api.md is its contract.
// Thread rule: lives on the loop of its executor.
#pragma once

#include <unordered_map>
#include <vector>

#include "server/handshake_queue.hpp"
#include "server/listener.hpp"
#include "server/parts.hpp"

namespace edge::server {

class PollConnection;

// A connection that becomes a tunnel: the TLS stream, what was read beyond the request, its peer,
// and what it takes of the bounds.
using OnTunnel = std::function<void(net::TlsStream stream, std::string rest, std::string peer,
                                    SourceSlot source, ConnectionSlot slot)>;

class PollPort {
 public:
  // `on_tunnel`: of the same loop; null: this port makes no tunnels.
  PollPort(net::asio::any_io_executor executor, Parts& parts, OnTunnel on_tunnel = {});
  ~PollPort();
  void listen(Acceptor acceptor);  // any number of times, one per address
  void stop_accepting();
  // Answers what is held, lets what is being answered end, then cuts the rest.
  net::Task<> drain(milliseconds deadline);

  // --- for its connections
  const net::asio::any_io_executor& executor() const noexcept { return executor_; }
  // What a connection reads into while its handler runs; nobody keeps anything in it.
  net::asio::mutable_buffer buffer() noexcept { return net::asio::buffer(buffer_); }
  void spawn(std::string name, net::Task<> task) { tasks_.spawn(std::move(name), std::move(task)); }
  void forget(PollConnection& connection);
  const OnTunnel& on_tunnel() const noexcept { return on_tunnel_; }

 private:
  net::Task<> accept(std::size_t index);
  net::Task<> greet(net::Socket socket, ConnectionSlot slot);
  net::Task<bool> first_byte(net::Socket& socket, std::uint64_t source);
  net::Task<> turn_away(net::TlsStream stream);

  net::asio::any_io_executor executor_;
  Parts& parts_;
  const OnTunnel on_tunnel_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  std::vector<char> buffer_;
  std::unordered_map<PollConnection*, std::shared_ptr<PollConnection>> connections_;
  HandshakeQueue handshakes_;
  net::Turns turns_;               // of handshakes
  net::asio::steady_timer empty_;  // cancelled when the last connection has ended
  bool cut_ = false;               // the drain's deadline has passed
  net::TaskGroup tasks_;
};

}  // namespace edge::server
