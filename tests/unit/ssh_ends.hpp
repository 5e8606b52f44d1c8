// A tunnel with both ends in one process, over a socket pair, for the tests of lib/ssh.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net_drive.hpp"
#include "ssh/tunnel_client.hpp"
#include "ssh/tunnel_server.hpp"

namespace edge::ssh::test {

using namespace net::test;  // NOLINT: drive, pattern and the like
using net::Task;
using net::TaskGroup;
using net::asio::any_io_executor;

inline const Secret& host_key_text() {
  static const Secret text = Key::generate()->private_text();
  return text;
}

inline std::string host_key_print() {
  return Key::from_private_text(host_key_text())->fingerprint();
}

inline TunnelRules rules_for(std::string password) {
  TunnelRules rules;
  rules.login = [password, used = false](const std::string& user,
                                         const std::string& given) mutable {
    if (used || user != "tunnel-1" || given != password) return false;
    used = true;
    return true;
  };
  rules.forward_name = "edge";
  rules.forward_port = 1;
  return rules;
}

inline TunnelTarget target_for(std::string password) {
  TunnelTarget target;
  target.host_keys = {host_key_print()};
  target.user = "tunnel-1";
  target.password = Secret(password);
  target.forward_name = "edge";
  target.forward_port = 1;
  return target;
}

// What each end said of the opening, and both ends if it went well.
struct TunnelEnds {
  Result<void> established = fail(Errc::failure, "not run");
  std::string failure, detail;  // of the agent's end
  std::unique_ptr<ServerIdentity> identity = std::make_unique<ServerIdentity>(host_key_text());
  std::vector<std::unique_ptr<net::Stream>> arrived;  // at the agent's end
  std::unique_ptr<TunnelServer> server;
  std::unique_ptr<TunnelClient> client;
};

inline Task<> establish(TunnelEnds& ends, milliseconds deadline) {
  auto established = co_await ends.server->establish(deadline, deadline);
  ends.established = std::move(established);
}

inline Task<> connect(TunnelEnds& ends, int descriptor, TunnelTarget target,
                      milliseconds deadline) {
  auto on_stream = [&ends](std::unique_ptr<net::Stream> stream) {
    ends.arrived.push_back(std::move(stream));
  };
  auto opened = co_await TunnelClient::open(descriptor, std::move(target), deadline, on_stream);
  if (opened) {
    ends.client = std::move(*opened);
  } else {
    ends.failure = opened.error().reason;
    ends.detail = opened.error().detail;
  }
}

inline Task<> open_tunnel(TunnelEnds& ends, TunnelRules rules, TunnelTarget target) {
  const auto executor = co_await net::asio::this_coro::executor;
  const auto pair = net::socket_pair();
  REQUIRE(pair);
  ends.server =
      std::make_unique<TunnelServer>(executor, pair->first, *ends.identity, std::move(rules));
  TaskGroup group(executor);
  group.spawn("server", establish(ends, kLong));
  group.spawn("client", connect(ends, pair->second, std::move(target), kLong));
  co_await group.join();
}

inline Task<> open_good_tunnel(TunnelEnds& ends) {
  auto rules = rules_for("right");
  auto target = target_for("right");
  co_await open_tunnel(ends, std::move(rules), std::move(target));
  REQUIRE(ends.established);
  REQUIRE(ends.client);
}

struct StreamEnds {
  std::unique_ptr<net::Stream> server, agent;
};

inline Task<> open_stream(TunnelEnds& ends, StreamEnds& stream) {
  auto opened = co_await ends.server->open_stream(kLong);
  REQUIRE(opened);
  stream.server = std::move(*opened);
  REQUIRE(ends.arrived.size() == 1);
  stream.agent = std::move(ends.arrived.front());
  ends.arrived.clear();
}

inline Task<> send(net::Stream& stream, std::string bytes) {
  const auto error = co_await write_text(stream, std::move(bytes));
  CHECK_FALSE(error);
  co_await stream.shutdown_write();
}

inline Task<> collect(net::Stream& stream, Whole& whole) {
  whole = co_await read_to_end(stream);
}

inline void let_go(TunnelEnds& ends) {
  ends.client.reset();
  ends.server.reset();
}

inline constexpr std::size_t kPiece = 4096;  // less than any window

inline Task<> keep_writing(net::Stream& stream, std::size_t& written, net::error_code& ended) {
  const auto piece = pattern(kPiece);
  for (;;) {
    ended = co_await stream.write(net::asio::buffer(piece));
    if (ended) co_return;
    written += piece.size();
  }
}

}  // namespace edge::ssh::test
