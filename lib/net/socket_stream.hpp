// Plain sockets as streams: TCP, Unix, one end of a socketpair.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/address.hpp"
#include "base/error.hpp"
#include "net/stream.hpp"

namespace edge::net {

using Socket = asio::generic::stream_protocol::socket;

class SocketStream final : public Stream {
 public:
  explicit SocketStream(Socket socket) : socket_(std::move(socket)) {}
  asio::any_io_executor executor() override { return socket_.get_executor(); }
  Task<Read> read_some(asio::mutable_buffer buffer) override;
  Task<error_code> write(asio::const_buffer bytes) override;
  Task<error_code> shutdown_write() override;
  void close() noexcept override;
  void when_readable(std::function<void()> callback) override;
  void forget_readable() noexcept override;
  Socket& socket() { return socket_; }

 private:
  Socket socket_;
};

// Takes a connected descriptor.
Socket adopt_socket(asio::any_io_executor executor, int descriptor);

// The addresses of a name; an address is itself, at once. getaddrinfo(3) cannot be interrupted:
// whoever waits goes on at the deadline, and the answer that comes later finds nobody. Errors are
// the resolver's words, or "no answer in time".
Task<Result<std::vector<asio::ip::tcp::endpoint>>> look_up(HostPort address, milliseconds deadline);

// Somebody waits for a network that is away to come back. Nobody says when it does, so while it is
// urgent an address is tried anew every kNextAttempt, where the kernel would wait for 1, 3, 7 s;
// and a name is what it was when it was last connected to: a resolver waits for 5 s.
// Thread rule: one loop.
struct Urgency {
  std::function<bool()> is_urgent;                                   // empty: no
  std::map<std::string, std::vector<asio::ip::tcp::endpoint>> last;  // by HOST:PORT
};

// Resolves and connects (connect_first), all within the deadline. Errors name the host and the
// reason, of each address where there are several: "cannot resolve edge.example.com:9000: ...",
// "cannot connect to edge.example.com:9000: 2001:db8::1: no answer in time; 192.0.2.1: refused".
// `from`: the local address, any port; nothing leaves it to the kernel.
Task<Result<Socket>> connect_tcp(HostPort address, milliseconds deadline,
                                 std::optional<asio::ip::address> from = {},
                                 std::shared_ptr<Urgency> urgency = {});

Result<Socket> connect_unix(asio::any_io_executor executor, const std::string& path);

// Two connected non-blocking ends, close-on-exec.
Result<std::pair<int, int>> socket_pair();

// "203.0.113.7" or "2001:db8::1" of the peer; IPv4-mapped addresses as IPv4. Empty for Unix
// sockets.
std::string peer_address(const Socket& socket);
// As addresses are known to bounds and records: IPv4 for a mapped one, and without the interface
// of a link-local one ("%eth0"), which is this machine's way to it.
std::string text_of(const asio::ip::address& address);
std::string local_address(const Socket& socket);  // the same of our end
void set_no_delay(Socket& socket);

}  // namespace edge::net
