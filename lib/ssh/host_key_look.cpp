#include "ssh/host_key_look.hpp"

#include <sys/socket.h>

#include <array>
#include <boost/asio/this_coro.hpp>

#include "base/text.hpp"
#include "net/deadline.hpp"
#include "ssh/client_options.hpp"
#include "ssh/key.hpp"
#include "ssh/session.hpp"

namespace edge::ssh {
namespace {

// The first bytes, left where they are: libssh wants to read them, too. A server speaks first.
net::Task<Result<std::string>> peek(net::Socket& socket, milliseconds deadline) {
  const auto executor = co_await net::asio::this_coro::executor;
  bool late = false;
  net::Deadline bound(executor, deadline, [&] {
    late = true;
    net::error_code ignored;
    socket.cancel(ignored);
  });
  auto [error] = co_await socket.async_wait(net::Socket::wait_read, net::as_values);
  if (late) co_return fail(Errc::timed_out, "connected, but it says nothing");
  std::array<char, 64> bytes{};
  const auto size =
      error ? -1 : ::recv(socket.native_handle(), bytes.data(), bytes.size(), MSG_PEEK);
  if (size <= 0) co_return fail(Errc::unreachable, "it closed the connection at once");
  co_return std::string(bytes.data(), static_cast<std::size_t>(size));
}

std::string fingerprint_of(ssh_session session) {
  ssh_key raw = nullptr;
  if (ssh_get_server_publickey(session, &raw) != SSH_OK) return {};
  return Key(raw).fingerprint();
}

}  // namespace

net::Task<Result<HostKeyLook>> look_at_host_key(net::Socket socket, milliseconds deadline) {
  const auto executor = co_await net::asio::this_coro::executor;
  const auto until = std::chrono::steady_clock::now() + deadline;
  auto first = co_await peek(socket, deadline);
  if (!first) co_return first.error();
  if (!first->starts_with("SSH-"))
    co_return fail(Errc::usage,
                   "what answers is no SSH server: it says '" + printable(*first) + "'");

  net::set_no_delay(socket);
  const int descriptor = socket.release();
  auto raw = make_client(descriptor, "edge", kClientCiphers);
  auto* const session = raw.get();
  auto pump =
      std::make_shared<Session>(executor, std::move(raw), descriptor, Session::Side::client);
  const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
  net::Deadline bound(executor, std::max(left, milliseconds{1}), [pump] { pump->close(); });
  int rc = ssh_connect(session);
  keep_non_blocking(descriptor);
  const bool started = rc != SSH_ERROR && pump->start();
  auto again = [session] { return ssh_connect(session); };
  if (started && rc == SSH_AGAIN) rc = co_await pump->call(again);
  HostKeyLook look;
  std::string words = pump->reason();
  if (words.empty() || words == "closed") words = ssh_get_error(session);
  if (rc == SSH_OK) {
    const char* banner = ssh_get_serverbanner(session);
    look.banner = banner != nullptr ? banner : "";
    look.fingerprint = fingerprint_of(session);
  }
  pump->close();
  if (bound.passed())
    co_return fail(Errc::timed_out,
                   "an SSH server answered, but its handshake was not over in time");
  if (!started || rc != SSH_OK) co_return fail(Errc::failure, "the SSH handshake failed: " + words);
  co_return look;
}

}  // namespace edge::ssh
