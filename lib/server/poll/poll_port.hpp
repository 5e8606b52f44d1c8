// The poll port on one loop: TLS, HTTP/1.1, kept alive. docs/poll-api.md is its contract.
// Thread rule: lives on the loop of its executor.
#pragma once

#include <unordered_map>
#include <vector>

#include "server/listener.hpp"
#include "server/parts.hpp"
#include "server/poll/handshake_queue.hpp"

namespace edge::server {

class PollConnection;

class PollPort {
 public:
  PollPort(net::asio::any_io_executor executor, Parts& parts);
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

 private:
  net::Task<> accept(std::size_t index);
  net::Task<> greet(net::Socket socket, ConnectionSlot slot);
  net::Task<bool> first_byte(net::Socket& socket, std::uint64_t source);
  net::Task<> turn_away(net::TlsStream stream);

  net::asio::any_io_executor executor_;
  Parts& parts_;
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
