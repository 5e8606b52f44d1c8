#include "agent/tunnel_service.hpp"

#include "base/address.hpp"
#include "base/log.hpp"
#include "crypto/keys.hpp"
#include "net/deadline.hpp"
#include "net/socket_stream.hpp"

namespace edge::agent {
namespace {

constexpr int kMissedProbes = 3;
constexpr milliseconds kGoodbye{300};  // between the answer to "close" and the end of the transport

net::HttpLimits request_limits() {
  net::HttpLimits limits;
  limits.head = 16 * 1024;
  limits.body = 64 * 1024;
  limits.idle = milliseconds{30'000};
  return limits;
}

net::Response plain(int status) {
  return {status, {}, "", false};
}

net::Task<> join_streams(std::unique_ptr<net::TaskGroup> streams) {
  co_await streams->join();
}

}  // namespace

TunnelService::TunnelService(net::asio::any_io_executor executor, const Identity& identity,
                             ShellService& shells, SnapshotWorker& snapshots,
                             milliseconds connect_deadline)
    : executor_(executor),
      identity_(identity),
      shells_(shells),
      snapshots_(snapshots),
      connect_deadline_(connect_deadline),
      ending_(executor),
      bell_(std::make_shared<net::Notify>(executor)) {}

void TunnelService::stop() {
  stopping_ = true;
  bell_->ring();
}

net::Task<TunnelEnding> TunnelService::run(wire::Offer offer) {
  auto address = parse_host_port(offer.address);
  if (!address)
    co_return TunnelEnding{false, false, "agent-unreachable-tunnel-port", address.error().message};
  const auto password = crypto::open_sealed(
      crypto::derive_purpose_key(identity_.key, "seal"), offer.sealed,
      wire::offer_associated_data(identity_.endpoint, identity_.instance, offer));
  if (!password)
    co_return TunnelEnding{false, false, "auth-refused",
                           "the credentials do not open with our key"};
  auto socket = co_await net::connect_tcp(*address, connect_deadline_);
  if (!socket)
    co_return TunnelEnding{false, false, "agent-unreachable-tunnel-port", socket.error().message};

  close_asked_ = false;
  touch();
  streams_ = std::make_unique<net::TaskGroup>(executor_);
  ssh::TunnelTarget target;
  target.host_keys = identity_.host_keys;
  target.user = offer.tunnel.text;
  target.password = *password;
  target.forward_name = offer.forward_name;
  target.forward_port = offer.forward_port;
  auto on_stream = [this](std::unique_ptr<net::Stream> stream) {
    streams_->spawn("tunnel.stream", serve(std::shared_ptr<net::Stream>(std::move(stream))));
  };
  net::set_no_delay(*socket);
  auto opened = co_await ssh::TunnelClient::open(socket->release(), std::move(target),
                                                 connect_deadline_, on_stream);
  TunnelEnding ending;
  if (!opened) {
    ending = {false, false, opened.error().reason, opened.error().detail};
  } else {
    log::info("tunnel.open", {{"tunnel", offer.tunnel}, {"address", offer.address}});
    ending = co_await supervise(**opened, offer);
    log::info("tunnel.closed",
              {{"tunnel", offer.tunnel}, {"reason", ending.by_plan ? "by plan" : ending.reason}});
    (*opened)->close();
  }
  // The client is closed, so they end with an error; a shell that ignores its hang-up takes a
  // while, and the next check-in does not wait for that.
  ending_.spawn("tunnel.streams", join_streams(std::move(streams_)));
  co_return ending;
}

net::Task<> TunnelService::watch_death(ssh::TunnelClient* client) {
  co_await client->until_dead();
  bell_->ring();
}

net::Task<TunnelEnding> TunnelService::supervise(ssh::TunnelClient& client,
                                                 const wire::Offer& offer) {
  net::TaskGroup watch(executor_);
  watch.spawn("tunnel.death", watch_death(&client));
  const auto probe = std::max(offer.probe, milliseconds{10});
  auto next_probe = std::chrono::steady_clock::now() + probe;
  TunnelEnding ending{true, true, "", ""};
  for (;;) {
    const auto idle_at = last_activity_ + offer.idle;
    const auto wait = std::chrono::ceil<milliseconds>(std::min(next_probe, idle_at) -
                                                      std::chrono::steady_clock::now());
    co_await bell_->wait(std::max(wait, milliseconds{1}));
    if (stopping_) break;
    if (close_asked_) {
      co_await net::sleep(kGoodbye);
      break;
    }
    if (!client.alive()) {
      ending = {true, false, "lost", client.reason()};
      break;
    }
    const auto now = std::chrono::steady_clock::now();
    if (now - client.last_heard() > kMissedProbes * probe) {
      ending = {true, false, "lost", "the server does not answer any more"};
      break;
    }
    if (now >= last_activity_ + offer.idle) {
      log::info("tunnel.idle", {{"tunnel", offer.tunnel}});
      break;
    }
    if (now >= next_probe) {
      client.probe();
      next_probe = now + probe;
    }
  }
  client.close();
  co_await watch.join();
  co_return ending;
}

net::Task<> TunnelService::serve(std::shared_ptr<net::Stream> stream) {
  net::HttpReader reader(*stream);
  auto request = co_await reader.request(request_limits());
  if (!request) co_return;
  touch();  // a request is activity
  auto response = co_await answer(*request, stream, reader);
  if (!response) co_return;
  response->keep_alive = false;  // one request a stream
  net::Deadline bound(executor_, milliseconds{30'000}, [&stream] { stream->close(); });
  if (co_await net::write_response(*stream, std::move(*response))) co_return;
  co_await stream->shutdown_write();
  char rest;
  co_await stream->read_some(net::asio::buffer(&rest, 1));  // until edged has it
}

net::Task<std::optional<net::Response>> TunnelService::answer(const net::Request& request,
                                                              std::shared_ptr<net::Stream> stream,
                                                              net::HttpReader& reader) {
  if (request.method == "GET" && request.target == "/v1/ping") co_return plain(204);
  if (request.method == "POST" && request.target == "/v1/keep-alive") co_return plain(204);
  if (request.method == "POST" && request.target == "/v1/snapshot") co_return co_await snapshot();
  if (request.method == "POST" && request.target == "/v1/close") {
    close_asked_ = true;
    bell_->ring();
    co_return plain(204);
  }
  if (request.method == "GET" && request.target == "/v1/session" && request.upgrade == "ssh") {
    const std::string key(net::find_header(request.headers, "Edge-Session-Key"));
    const std::string session(net::find_header(request.headers, "Edge-Session").substr(0, 64));
    if (key.empty()) co_return plain(400);
    if (shells_.full()) co_return plain(503);
    net::Response switched{101, {{"Connection", "Upgrade"}, {"Upgrade", "ssh"}}, "", true};
    if (co_await net::write_response(*stream, std::move(switched))) co_return std::nullopt;
    if (!reader.take_rest().empty()) co_return std::nullopt;  // nothing may come before our 101
    auto on_bytes = [this] { touch(); };
    co_await shells_.serve(stream, session, key, on_bytes);
    touch();
    co_return std::nullopt;
  }
  co_return plain(404);
}

net::Task<net::Response> TunnelService::snapshot() {
  auto text = co_await snapshots_.take();
  co_return net::Response{200, {{"Content-Type", "application/json"}}, std::move(text), false};
}

}  // namespace edge::agent
