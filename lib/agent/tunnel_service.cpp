#include "agent/tunnel_service.hpp"

#include "base/log.hpp"
#include "net/deadline.hpp"
#include "ssh/probe_clock.hpp"

namespace edge::agent {
namespace {

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

TunnelService::TunnelService(net::asio::any_io_executor executor, const config::AgentConfig& config,
                             const Identity& identity, PollLink& link, SessionService& sessions,
                             SnapshotWorker& snapshots, TunnelOptions options)
    : executor_(executor),
      link_(link),
      sessions_(sessions),
      snapshots_(snapshots),
      options_(std::move(options)),
      opener_(executor, config, identity, link, options_),
      ending_(executor),
      bell_(std::make_shared<net::Notify>(executor)) {}

void TunnelService::stop() {
  stopping_ = true;
  bell_->ring();
}

net::Task<TunnelEnding> TunnelService::run(wire::Offer offer) {
  close_asked_ = false;
  live_ = std::make_shared<int>(0);
  touch();
  streams_ = std::make_unique<net::TaskGroup>(executor_);
  auto on_stream = [this](std::unique_ptr<net::Stream> stream) {
    streams_->spawn("tunnel.stream", serve(std::shared_ptr<net::Stream>(std::move(stream))));
  };
  auto opened = co_await opener_.open(offer, on_stream);
  TunnelEnding ending;
  if (!opened.client) {
    ending = {false, false, opened.failure.reason, opened.failure.detail};
  } else {
    link_.close();
    log::info(
        "tunnel.open",
        {{"tunnel", offer.tunnel}, {"address", offer.address}, {"way", to_string(opened.way)}});
    if (options_.opened) options_.opened();
    ending = co_await supervise(*opened.client, offer);
    log::info("tunnel.closed",
              {{"tunnel", offer.tunnel}, {"reason", ending.by_plan ? "by plan" : ending.reason}});
    opened.client->close();
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
  ssh::ProbeClock probes(std::max(offer.probe, milliseconds{10}), milliseconds{0});
  TunnelEnding ending{true, true, "", ""};
  for (;;) {
    probes.set_live(*live_ > 0);
    const auto next =
        std::min(probes.next(client.last_heard()), SteadyTime(last_activity_ + offer.idle));
    const auto wait = std::chrono::ceil<milliseconds>(next - std::chrono::steady_clock::now());
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
    if (probes.is_lost(client.last_heard(), now)) {
      ending = {true, false, "lost", "the server does not answer any more"};
      break;
    }
    if (now >= last_activity_ + offer.idle) {
      log::info("tunnel.idle", {{"tunnel", offer.tunnel}});
      break;
    }
    if (probes.is_due(client.last_heard(), now)) client.probe();
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
    if (sessions_.full()) co_return plain(503);
    net::Response switched{101, {{"Connection", "Upgrade"}, {"Upgrade", "ssh"}}, "", true};
    if (co_await net::write_response(*stream, std::move(switched))) co_return std::nullopt;
    if (!reader.take_rest().empty()) co_return std::nullopt;  // nothing may come before our 101
    auto on_bytes = [this] { touch(); };
    const auto live = live_;
    live_changed(*live, +1);
    co_await sessions_.serve(stream, session, key, on_bytes);
    live_changed(*live, -1);
    touch();
    co_return std::nullopt;
  }
  co_return plain(404);
}

// A session has come or gone.
void TunnelService::live_changed(int& live, int by) {
  live += by;
  bell_->ring();
}

net::Task<net::Response> TunnelService::snapshot() {
  auto text = co_await snapshots_.take();
  co_return net::Response{200, {{"Content-Type", "application/json"}}, std::move(text), false};
}

}  // namespace edge::agent
