#include "agent/tunnel_service.hpp"

#include "base/log.hpp"
#include "net/deadline.hpp"
#include "ssh/probe_clock.hpp"

namespace edge::agent {
namespace {

constexpr milliseconds kGoodbye{300};  // between the answer to "close" and the end of the transport
constexpr int kProbesToLose = 3;
constexpr milliseconds kLookAgain{1'000};

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
      lasting_(executor, sessions, options_.host_key),
      opener_(executor, config, identity, link, options_),
      ending_(executor),
      bell_(std::make_shared<net::Notify>(executor)) {}

void TunnelService::stop() {
  stopping_ = true;
  lasting_.stop("the agent was stopped");
  if (const auto silent = silent_one_.lock()) silent->ring();
  bell_->ring();
}

net::Task<TunnelEnding> TunnelService::run(wire::Offer offer) {
  close_asked_ = false;
  live_ = std::make_shared<Sessions>();
  touch();
  streams_ = std::make_unique<net::TaskGroup>(executor_);
  // Of this tunnel: it may live on beside the next one.
  auto on_stream = [this, streams = streams_.get(), live = live_](auto stream) {
    streams->spawn("tunnel.stream", serve(std::shared_ptr<net::Stream>(std::move(stream)), live));
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
    if (const auto silent = silent_one_.lock()) silent->ring();
    ending = co_await supervise(*opened.client, offer);
    const auto* why = ending.silent ? "silent" : ending.reason.c_str();
    log::info("tunnel.closed",
              {{"tunnel", offer.tunnel}, {"reason", ending.by_plan ? "by plan" : why}});
    if (ending.silent) {
      // Their operators come back over the next tunnel, or over this one when it is heard again.
      for (const auto& stream : live_->lasting) {
        if (const auto carrier = stream.lock()) carrier->close();
      }
      ending_.spawn("tunnel.silent", outlive(std::move(opened.client), std::move(streams_),
                                             kProbesToLose * offer.probe));
      co_return ending;
    }
    opened.client->close();
  }
  // The client is closed, so they end with an error; a shell that ignores its hang-up takes a
  // while, and the next check-in does not wait for that.
  ending_.spawn("tunnel.streams", join_streams(std::move(streams_)));
  co_return ending;
}

// A silent tunnel beside the next one: should the network come back before that is open, sessions
// go on over this one.
net::Task<> TunnelService::outlive(std::unique_ptr<ssh::TunnelClient> client,
                                   std::unique_ptr<net::TaskGroup> streams, milliseconds at_most) {
  auto not_wanted = std::make_shared<net::Notify>(executor_);
  silent_one_ = not_wanted;
  for (;;) {
    const bool rung = co_await not_wanted->wait(kLookAgain);
    const auto silence = std::chrono::steady_clock::now() - client->last_heard();
    if (rung || !client->alive() || silence >= at_most) break;
  }
  client->close();
  co_await streams->join();
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
    probes.set_live(live_->count > 0);
    const auto next =
        std::min(probes.next(client.last_heard()), SteadyTime(last_activity_ + offer.idle));
    const auto wait = std::chrono::ceil<milliseconds>(next - std::chrono::steady_clock::now());
    co_await bell_->wait(std::max(wait, milliseconds{1}));
    if (stopping_) {
      co_await lasting_.all_told();
      break;
    }
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
    if (probes.is_silent(client.last_heard(), now)) {
      ending = {true, false, "lost", "silent while sessions are live", true};
      watch.cancel();
      co_await watch.join();
      co_return ending;
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

net::Task<> TunnelService::serve(std::shared_ptr<net::Stream> stream,
                                 std::shared_ptr<Sessions> live) {
  net::HttpReader reader(*stream);
  auto request = co_await reader.request(request_limits());
  if (!request) co_return;
  touch();  // a request is activity
  auto response = co_await answer(*request, stream, reader, live);
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
                                                              net::HttpReader& reader,
                                                              std::shared_ptr<Sessions> live) {
  if (request.method == "GET" && request.target == "/v1/ping") co_return plain(204);
  if (request.method == "POST" && request.target == "/v1/keep-alive") co_return plain(204);
  if (request.method == "POST" && request.target == "/v1/snapshot") co_return co_await snapshot();
  if (request.method == "POST" && request.target == "/v1/close") {
    if (!net::find_header(request.headers, "Edge-Hang-Up").empty())
      lasting_.stop("the endpoint was removed");
    close_asked_ = true;
    bell_->ring();
    co_return plain(204);
  }
  if (request.method == "POST" && request.target == "/v1/hang-up") co_return hang_up(request);
  if (request.method == "GET" && request.target == "/v1/session") {
    co_return co_await session(request, std::move(stream), reader, std::move(live));
  }
  co_return plain(404);
}

// A session has come or gone.
void TunnelService::live_changed(Sessions& live, int by) {
  live.count += by;
  bell_->ring();
}

net::Task<net::Response> TunnelService::snapshot() {
  auto text = co_await snapshots_.take();
  co_return net::Response{200, {{"Content-Type", "application/json"}}, std::move(text), false};
}

}  // namespace edge::agent
