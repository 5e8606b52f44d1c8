#include "net/dial.hpp"

#include "net/deadline.hpp"
#include "net/http_connect.hpp"
#include "net/socks_connect.hpp"

namespace edge::net {
namespace {

Task<Result<Socket>> dial_through(const ProxyUrl& proxy, HostPort to, milliseconds deadline,
                                  const DialOptions& options) {
  const auto until = std::chrono::steady_clock::now() + deadline;
  auto socket = co_await connect_tcp(proxy.address, deadline, options.from, options.urgency);
  if (!socket) {
    co_return fail(socket.error().code, "cannot reach the proxy: " + socket.error().message,
                   socket.error().hint);
  }
  const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
  Deadline bound(socket->get_executor(), std::max(left, milliseconds{1}), [&socket] {
    error_code ignored;
    socket->close(ignored);
  });
  Result<void> open;
  if (proxy.kind == ProxyUrl::Kind::http) {
    open = co_await http_connect(*socket, proxy, to);
  } else {
    open = co_await socks_connect(*socket, proxy, to);
  }
  if (bound.passed()) {
    co_return fail(Errc::timed_out, proxy_name(proxy) + " did not open a way to " +
                                        format_host_port(to) + " in time");
  }
  if (!open) co_return open.error();
  co_return std::move(*socket);
}

}  // namespace

Task<Result<Socket>> dial(HostPort to, milliseconds deadline, DialOptions options) {
  const ProxyUrl* proxy = options.proxies ? options.proxies->proxy_for(to) : nullptr;
  if (proxy == nullptr) {
    auto direct = co_await connect_tcp(std::move(to), deadline, options.from, options.urgency);
    co_return direct;
  }
  auto through = co_await dial_through(*proxy, std::move(to), deadline, options);
  co_return through;
}

}  // namespace edge::net
