// Where a forward listens on this machine: an address, or a Unix socket with its file.
// Thread rule: one loop.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "control/forward/forward_spec.hpp"
#include "net/socket_stream.hpp"
#include "net/unix_listener.hpp"

namespace edge::control {

class LocalListener {
 public:
  using OnConnection = std::function<void(net::Socket socket)>;

  // Errors say for which flag: "-L 80:db:80: cannot listen on 127.0.0.1:80: ...". "localhost" is
  // both loopback addresses, as far as this machine has them; nobody is accepted yet.
  static Result<std::unique_ptr<LocalListener>> open(net::asio::any_io_executor executor,
                                                     const ForwardSpec& spec);
  LocalListener(const LocalListener&) = delete;

  // As it stands: with the port that the kernel chose.
  const ForwardPlace& place() const noexcept { return place_; }
  // One task for each address, spawned into `tasks`; they end at close().
  void accept(net::TaskGroup& tasks, OnConnection on_connection);
  void close() noexcept;

 private:
  using Protocol = net::asio::generic::stream_protocol;
  using Acceptor = net::asio::basic_socket_acceptor<Protocol>;
  explicit LocalListener(ForwardPlace place) : place_(std::move(place)) {}
  Result<void> listen_on_socket(const net::asio::any_io_executor& executor);
  Result<void> listen_on_addresses(const net::asio::any_io_executor& executor);
  static net::Task<> accept_at(std::shared_ptr<Acceptor> acceptor, OnConnection on_connection);

  ForwardPlace place_;
  std::vector<std::shared_ptr<Acceptor>> acceptors_;
  std::optional<net::UnixListener> file_;
};

}  // namespace edge::control
