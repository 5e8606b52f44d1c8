#include "agent/trial_tunnel.hpp"

#include "crypto/keys.hpp"
#include "net/deadline.hpp"

namespace edge::agent {

TrialTunnel::TrialTunnel(net::asio::any_io_executor executor, const Identity& identity,
                         milliseconds each)
    : executor_(executor),
      identity_(identity),
      each_(each),
      bell_(std::make_shared<net::Notify>(executor)),
      streams_(executor) {}

net::Task<TrialEnding> TrialTunnel::run(wire::Offer offer, net::Socket socket) {
  const auto password = crypto::open_sealed(
      crypto::derive_purpose_key(identity_.key, "seal"), offer.sealed,
      wire::offer_associated_data(identity_.endpoint, identity_.instance, offer));
  if (!password) {
    co_return TrialEnding{false, "credentials", "auth-refused",
                          "the credentials do not open with our key"};
  }
  ssh::TunnelTarget target;
  target.host_keys = identity_.host_keys;
  target.user = offer.tunnel.text;
  target.password = *password;
  target.forward_name = offer.forward_name;
  target.forward_port = offer.forward_port;
  auto on_stream = [this](std::unique_ptr<net::Stream> stream) {
    streams_.spawn("trial.stream", serve(std::move(stream)));
  };
  net::set_no_delay(socket);
  auto opened =
      co_await ssh::TunnelClient::open(socket.release(), std::move(target), each_, on_stream);
  if (!opened) {
    co_return TrialEnding{false, "login and forward", opened.error().reason, opened.error().detail};
  }
  auto ending = co_await follow(**opened);
  (*opened)->close();
  co_await streams_.join();
  co_return ending;
}

// Edged asks for a ping, and says close when it has heard the answer.
net::Task<TrialEnding> TrialTunnel::follow(ssh::TunnelClient& client) {
  const auto until = std::chrono::steady_clock::now() + each_;
  while (!closed_ && client.alive()) {
    const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) break;
    co_await bell_->wait(std::min(left, milliseconds{100}));  // its death rings no bell
  }
  TrialEnding ending;
  ending.good = closed_;
  if (closed_) co_return ending;
  ending.step = pinged_ ? "close" : "ping";
  ending.reason = "lost";
  ending.detail = client.alive() ? "edged said nothing more in time" : client.reason();
  co_return ending;
}

net::Task<> TrialTunnel::serve(std::unique_ptr<net::Stream> stream) {
  net::HttpReader reader(*stream);
  net::HttpLimits limits;
  limits.head = 16 * 1024;
  limits.idle = each_;
  auto request = co_await reader.request(limits);
  if (!request) co_return;
  const bool is_ping = request->method == "GET" && request->target == "/v1/ping";
  const bool is_close = request->method == "POST" && request->target == "/v1/close";
  net::Response response{is_ping || is_close ? 204 : 404, {}, "", false};
  net::Deadline bound(executor_, each_, [raw = stream.get()] { raw->close(); });
  const auto failed = co_await net::write_response(*stream, std::move(response));
  if (failed) co_return;
  co_await stream->shutdown_write();
  pinged_ = pinged_ || is_ping;
  closed_ = closed_ || is_close;
  bell_->ring();
}

}  // namespace edge::agent
