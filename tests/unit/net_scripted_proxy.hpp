// A proxy of a script, for the tests of who dials through it.
#pragma once

#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include "base/encoding.hpp"
#include "net/dial.hpp"
#include "net_drive.hpp"

namespace edge::net::test {

using asio::ip::tcp;

inline const HostPort kEdge{"edge.example", 9000};

// What a proxy does, one step after the other: reads so many bytes (or an HTTP head), then says
// something. When the script is over it keeps silent, or closes.
struct Step {
  std::size_t read = 0;  // 0: up to an empty line
  std::string say;
};
struct Script {
  std::vector<Step> steps;
  bool closes = false;
  std::size_t piece = SIZE_MAX;  // it says so much at a time
};

struct Proxy {
  explicit Proxy(asio::io_context& loop)
      : acceptor(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {}
  tcp::acceptor acceptor;
  std::string heard;

  std::string url(const std::string& scheme, const std::string& user = "") const {
    return scheme + user + "127.0.0.1:" + std::to_string(acceptor.local_endpoint().port());
  }
  std::string name() const {
    return "proxy 127.0.0.1:" + std::to_string(acceptor.local_endpoint().port());
  }
};

inline Task<> play(Proxy& proxy, Script script, std::shared_ptr<tcp::socket> peer) {
  auto [accept_error, accepted] = co_await proxy.acceptor.async_accept(as_values);
  REQUIRE_FALSE(accept_error);
  *peer = std::move(accepted);
  peer->set_option(tcp::no_delay(true));
  for (const auto& step : script.steps) {
    std::string heard(step.read, '\0');
    error_code error;
    if (step.read == 0) {
      auto [read_error, size] = co_await asio::async_read_until(*peer, asio::dynamic_buffer(heard),
                                                                "\r\n\r\n", as_values);
      error = read_error;
    } else {
      auto [read_error, size] = co_await asio::async_read(*peer, asio::buffer(heard), as_values);
      error = read_error;
    }
    if (error) co_return;
    proxy.heard += heard;
    for (std::size_t at = 0; at < step.say.size();) {
      const auto piece = step.say.substr(at, script.piece);
      auto [write_error, written] =
          co_await asio::async_write(*peer, asio::buffer(piece), as_values);
      if (write_error) co_return;
      at += written;
    }
  }
  if (script.closes) peer->close();
}

struct Dialled {
  Result<void> opened = fail(Errc::failure, "not run");
  std::string first;  // what came to us through it
};

inline Task<> dial_and_read(HostPort to, milliseconds deadline, DialOptions options,
                            std::size_t count, Dialled& dialled) {
  auto socket = co_await dial(to, deadline, options);
  if (!socket) {
    dialled.opened = socket.error();
    co_return;
  }
  dialled.opened = Result<void>();
  dialled.first.resize(count);
  auto [error, size] = co_await asio::async_read(*socket, asio::buffer(dialled.first), as_values);
  dialled.first.resize(size);
}

inline DialOptions through(const std::string& url) {
  ProxyWishes wishes;
  wishes.url = Secret(url);
  auto rules = ProxyRules::make(wishes);
  REQUIRE(rules);
  DialOptions options;
  options.proxies = *rules;
  return options;
}

struct Plan {
  std::string scheme = "http://", user;
  Script script;
  HostPort to = kEdge;
  milliseconds deadline = kLong;
  std::size_t count = 0;  // bytes to read afterwards
};

struct Played {
  Dialled dialled;
  std::string heard, name;
  std::string error() const {
    REQUIRE_FALSE(dialled.opened);
    return dialled.opened.error().message;
  }
  Errc code() const {
    REQUIRE_FALSE(dialled.opened);
    return dialled.opened.error().code;
  }
};

inline Task<> converse(Proxy& proxy, Plan plan, Played& played) {
  TaskGroup group(co_await asio::this_coro::executor);
  auto peer = std::make_shared<tcp::socket>(co_await asio::this_coro::executor);
  group.spawn("proxy", play(proxy, plan.script, peer));
  auto options = through(proxy.url(plan.scheme, plan.user));
  co_await dial_and_read(plan.to, plan.deadline, options, plan.count, played.dialled);
  peer->close();
  group.cancel();
  co_await group.join();
}

inline Played play(Plan plan) {
  asio::io_context loop(1);
  Proxy proxy(loop);
  Played played;
  drive(loop, converse(proxy, std::move(plan), played));
  played.heard = proxy.heard;
  played.name = proxy.name();
  return played;
}

}  // namespace edge::net::test
