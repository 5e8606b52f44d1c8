#include "net/socket_stream.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <cstring>

#include "net/happy_eyeballs.hpp"
#include "net/notify.hpp"

namespace edge::net {

Task<Read> SocketStream::read_some(asio::mutable_buffer buffer) {
  auto [error, size] = co_await socket_.async_read_some(buffer, as_values);
  co_return Read{error, size};
}

Task<error_code> SocketStream::write(asio::const_buffer bytes) {
  auto [error, size] = co_await asio::async_write(socket_, bytes, as_values);
  co_return error;
}

Task<error_code> SocketStream::shutdown_write() {
  error_code error;
  socket_.shutdown(asio::socket_base::shutdown_send, error);
  co_return error;
}

void SocketStream::close() noexcept {
  error_code ignored;
  socket_.close(ignored);
}

void SocketStream::when_readable(std::function<void()> callback) {
  socket_.async_wait(Socket::wait_read, [callback = std::move(callback)](error_code error) {
    if (error != asio::error::operation_aborted) callback();
  });
}

void SocketStream::forget_readable() noexcept {
  error_code ignored;
  socket_.cancel(ignored);
}

Socket adopt_socket(asio::any_io_executor executor, int descriptor) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&name), &size);
  Socket socket(executor);
  const int protocol = name.ss_family == AF_UNIX ? 0 : IPPROTO_TCP;
  socket.assign(asio::generic::stream_protocol(name.ss_family, protocol), descriptor);
  socket.native_non_blocking(true);
  return socket;
}

Task<Result<std::vector<asio::ip::tcp::endpoint>>> look_up(HostPort address,
                                                           milliseconds deadline) {
  using asio::ip::tcp;
  struct LookUp {
    explicit LookUp(const asio::any_io_executor& executor) : resolver(executor) {}
    tcp::resolver resolver;
    bool done = false;
    error_code error;
    std::vector<tcp::endpoint> found;
  };
  error_code no_address;
  if (const auto numeric = asio::ip::make_address(address.host, no_address); !no_address)
    co_return std::vector{tcp::endpoint(numeric, address.port)};
  const auto executor = co_await asio::this_coro::executor;
  auto bell = std::make_shared<Notify>(executor);
  auto state = std::make_shared<LookUp>(executor);
  auto on_answer = [state, bell](error_code error, const tcp::resolver::results_type& results) {
    state->done = true;
    state->error = error;
    for (const auto& entry : results) state->found.push_back(entry.endpoint());
    bell->ring();
  };
  state->resolver.async_resolve(address.host, std::to_string(address.port), on_answer);
  co_await bell->wait(deadline);
  if (!state->done) co_return fail(Errc::timed_out, "no answer in time");
  if (state->error) co_return fail(Errc::unreachable, state->error.message());
  co_return state->found;
}

Task<Result<Socket>> connect_tcp(HostPort address, milliseconds deadline,
                                 std::optional<asio::ip::address> from,
                                 std::shared_ptr<Urgency> urgency) {
  const auto text = format_host_port(address);
  const auto until = std::chrono::steady_clock::now() + deadline;
  const bool urgent = urgency && urgency->is_urgent && urgency->is_urgent();
  Result<std::vector<asio::ip::tcp::endpoint>> addresses = fail(Errc::failure, "");
  if (urgent && urgency->last.count(text) != 0) {
    addresses = urgency->last[text];
  } else {
    addresses = co_await look_up(address, deadline);
  }
  if (!addresses) {
    co_return fail(addresses.error().code,
                   "cannot resolve " + text + ": " + addresses.error().message);
  }
  const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
  auto in_order = interleave(*addresses);
  const auto again = urgent ? Again::yes : Again::no;
  auto socket =
      co_await connect_first(std::move(in_order), std::max(left, milliseconds{1}), from, again);
  if (!socket) {
    co_return fail(socket.error().code,
                   "cannot connect to " + text + ": " + socket.error().message);
  }
  if (urgency) urgency->last[text] = *addresses;
  co_return std::move(*socket);
}

Result<Socket> connect_unix(asio::any_io_executor executor, const std::string& path) {
  asio::local::stream_protocol::socket socket(executor);
  error_code error;
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return fail(Errc::usage, "the socket's path is too long: " + path);
  }
  socket.connect(asio::local::stream_protocol::endpoint(path), error);
  if (error) return fail(Errc::unreachable, "cannot connect to " + path + ": " + error.message());
  return Socket(std::move(socket));
}

Result<std::pair<int, int>> socket_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
    return fail(Errc::unavailable,
                std::string("cannot make a socket pair: ") + std::strerror(errno));
  }
  return std::pair{ends[0], ends[1]};
}

namespace {

std::string address_of(const asio::generic::stream_protocol::endpoint& end) {
  const auto family = end.protocol().family();
  if (family != AF_INET && family != AF_INET6) return {};
  asio::ip::tcp::endpoint endpoint;
  endpoint.resize(end.size());
  std::memcpy(endpoint.data(), end.data(), end.size());
  return text_of(endpoint.address());
}

}  // namespace

std::string text_of(const asio::ip::address& address) {
  if (address.is_v4()) return address.to_string();
  auto v6 = address.to_v6();
  if (v6.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, v6).to_string();
  v6.scope_id(0);
  return v6.to_string();
}

std::string peer_address(const Socket& socket) {
  error_code error;
  const auto peer = socket.remote_endpoint(error);
  return error ? std::string() : address_of(peer);
}

std::string local_address(const Socket& socket) {
  error_code error;
  const auto local = socket.local_endpoint(error);
  return error ? std::string() : address_of(local);
}

void set_no_delay(Socket& socket) {
  const int on = 1;
  ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace edge::net
