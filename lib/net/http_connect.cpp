#include "net/http_connect.hpp"

#include <array>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "base/text.hpp"
#include "net/deadline.hpp"
#include "wire/connect_answer.hpp"

namespace edge::net {
namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::size_t kMostShown = 160;     // of a body
constexpr milliseconds kForTheBody{1'000};  // it says why, at best, and is not worth more

// What stands in front of each of its errors.
struct Conversation {
  std::string proxy;  // "proxy proxy.example:3128"
  std::string to;     // "CONNECT to edge.example.com:9000"
  bool usual_port;    // the one that every proxy lets through
};

Error lost(const Conversation& talk, const error_code& error) {
  const bool closed = error == asio::error::eof || error == asio::error::connection_reset;
  return fail(Errc::unreachable, talk.proxy + " " +
                                     (closed ? "closed the connection" : error.message()) +
                                     " before it answered " + talk.to);
}

// Up to and with the empty line, not a byte more: what follows belongs to whoever is behind the
// proxy. So it is looked at first and taken then.
Task<Result<std::string>> read_head(Socket& socket, const Conversation& talk) {
  std::string head;
  std::array<char, 2048> chunk;
  for (;;) {
    auto [error, seen] = co_await socket.async_receive(asio::buffer(chunk),
                                                       asio::socket_base::message_peek, as_values);
    if (error) co_return lost(talk, error);
    const auto had = head.size();
    head.append(chunk.data(), seen);
    if (!wire::may_be_http(head))
      co_return fail(Errc::unreachable, talk.proxy + " does not answer as an HTTP proxy does");
    const auto end = head.find(kHeadEnd, had < kHeadEnd.size() ? 0 : had - kHeadEnd.size());
    if (end != std::string::npos) head.resize(end + kHeadEnd.size());
    const auto taken = head.size() - had;
    auto [read_error, size] =
        co_await asio::async_read(socket, asio::buffer(chunk.data(), taken), as_values);
    if (read_error) co_return lost(talk, read_error);
    if (end != std::string::npos) co_return head;
    if (head.size() > kMostConnectAnswer) {
      co_return fail(Errc::unreachable, talk.proxy + " answered " + talk.to + " with more than " +
                                            std::to_string(kMostConnectAnswer / 1024) + " KB");
    }
  }
}

// The beginning of a body that is text; "" when it does not come soon.
Task<std::string> read_words(Socket& socket, std::size_t size) {
  std::string body(std::min(size, kMostShown), '\0');
  Deadline bound(socket.get_executor(), kForTheBody, [&socket] {
    error_code ignored;
    socket.close(ignored);
  });
  auto [error, read] = co_await asio::async_read(socket, asio::buffer(body), as_values);
  body.resize(error ? 0 : read);
  co_return printable(body, kMostShown);
}

Error refusal(const Conversation& talk, const ProxyUrl& proxy, const wire::ConnectAnswer& answer,
              const std::string& words) {
  auto status = std::to_string(answer.status);
  if (!answer.reason.empty()) status += " " + answer.reason;
  // tinyproxy says 401 where RFC 9110 has 407: to a CONNECT nobody but the proxy answers.
  if (answer.status == 407 || answer.status == 401) {
    const auto who = proxy.user.empty() ? " asks for a user and a password"
                                        : " refused user '" + printable(proxy.user, 64) + "'";
    return fail(Errc::not_allowed, talk.proxy + who + ": " + status,
                "proxy.url in edge-agent.yaml, or where the environment names the proxy");
  }
  const bool by_rule = answer.status == 403 && !talk.usual_port;
  return fail(
      Errc::unreachable,
      talk.proxy + " refused " + talk.to + ": " + status + (words.empty() ? "" : ": " + words),
      by_rule ? "many proxies let no port but 443 through: allow it there" : "");
}

}  // namespace

Task<Result<void>> http_connect(Socket& socket, const ProxyUrl& proxy, HostPort to) {
  const Conversation talk{proxy_name(proxy), "CONNECT to " + format_host_port(to), to.port == 443};
  auto request = wire::print_connect(to, proxy);
  auto [error, sent] = co_await asio::async_write(socket, asio::buffer(request), as_values);
  wipe(request.data(), request.size());  // the password
  if (error) co_return lost(talk, error);
  auto head = co_await read_head(socket, talk);
  if (!head) co_return head.error();
  auto answer = wire::parse_connect_answer(*head);
  if (!answer) co_return fail(Errc::unreachable, talk.proxy + " " + answer.error().message);
  if (answer->opened()) co_return Result<void>{};
  std::string words;
  if (answer->is_text) words = co_await read_words(socket, answer->body_size);
  co_return refusal(talk, proxy, *answer, words);
}

}  // namespace edge::net
