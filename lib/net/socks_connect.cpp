#include "net/socks_connect.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "base/text.hpp"
#include "wire/socks.hpp"

namespace edge::net {
namespace {

constexpr const char* kWhereToLook =
    "proxy.url in edge-agent.yaml, or where the environment names the proxy";

// Sends a message, wipes it, and reads exactly `size` bytes of an answer.
Task<Result<std::string>> ask(Socket& socket, std::string message, std::size_t size) {
  auto [error, sent] = co_await asio::async_write(socket, asio::buffer(message), as_values);
  wipe(message.data(), message.size());  // it may be the password
  std::string answer(size, '\0');
  if (!error) {
    auto [read_error, read] = co_await asio::async_read(socket, asio::buffer(answer), as_values);
    error = read_error;
  }
  if (!error) co_return answer;
  const bool closed = error == asio::error::eof || error == asio::error::connection_reset;
  co_return fail(Errc::unreachable, closed ? "closed the connection" : error.message());
}

// Errors are the end of a sentence about the proxy.
Task<Result<void>> log_in(Socket& socket, const ProxyUrl& proxy) {
  const bool with_password = !proxy.user.empty();
  auto greeting = wire::print_socks_greeting(with_password);
  auto taken = co_await ask(socket, std::move(greeting), wire::kSocksMethodSize);
  if (!taken) co_return taken.error();
  const auto method = wire::parse_socks_method(*taken, with_password);
  if (!method) co_return method.error();
  if (*method == wire::SocksMethod::none) co_return Result<void>{};
  auto login = wire::print_socks_login(proxy.user, proxy.password);
  auto answer = co_await ask(socket, std::move(login), wire::kSocksLoginSize);
  const bool accepted = answer && wire::parse_socks_login(*answer);
  if (accepted) co_return Result<void>{};
  // A server that refuses closes the connection, and some do nothing else.
  co_return fail(Errc::not_allowed, "refused user '" + printable(proxy.user, 64) + "'");
}

// The proxy's answer for `to`, all of it and no more. Errors as above.
Task<Result<void>> request(Socket& socket, HostPort to) {
  const auto target = format_host_port(to);
  auto message = wire::print_socks_connect(to);
  auto beginning = co_await ask(socket, std::move(message), wire::kSocksReplySize);
  if (!beginning)
    co_return fail(Errc::unreachable,
                   beginning.error().message + " before it answered for " + target);
  const auto rest = wire::parse_socks_reply(*beginning);
  if (!rest && rest.error().code == Errc::usage) co_return rest.error();
  if (!rest) {
    co_return fail(Errc::unreachable,
                   "refused a connection to " + target + ": " + rest.error().message);
  }
  std::string nothing;
  auto its_address = co_await ask(socket, std::move(nothing), *rest);
  if (!its_address)
    co_return fail(Errc::unreachable,
                   its_address.error().message + " while it answered for " + target);
  co_return Result<void>{};
}

}  // namespace

Task<Result<void>> socks_connect(Socket& socket, const ProxyUrl& proxy, HostPort to) {
  auto done = co_await log_in(socket, proxy);
  if (done) done = co_await request(socket, std::move(to));
  if (done) co_return Result<void>{};
  const bool login = done.error().code == Errc::not_allowed;
  co_return fail(login ? Errc::not_allowed : Errc::unreachable,
                 proxy_name(proxy) + " " + done.error().message, login ? kWhereToLook : "");
}

}  // namespace edge::net
