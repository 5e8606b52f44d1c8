#include "agent/tunnel_opener.hpp"

#include "base/address.hpp"
#include "base/log.hpp"
#include "crypto/keys.hpp"
#include "net/relay.hpp"

namespace edge::agent {
namespace {

constexpr const char* kUnreachable = "agent-unreachable-tunnel-port";
// Of a way that is not the last one: the credentials' ten seconds must do for both.
constexpr milliseconds kFirstDial{3'000};

}  // namespace

TunnelOpener::TunnelOpener(net::asio::any_io_executor executor, const config::AgentConfig& config,
                           const Identity& identity, PollLink& link, const TunnelOptions& options)
    : executor_(executor),
      config_(config),
      identity_(identity),
      link_(link),
      options_(options),
      ways_(config.tunnel_transport),
      bridges_(executor) {}

net::Task<TunnelOpener::Opened> TunnelOpener::open(const wire::Offer& offer,
                                                   ssh::TunnelClient::OnStream on_stream) {
  Opened last;
  const auto password = crypto::open_sealed(
      crypto::derive_purpose_key(identity_.key, "seal"), offer.sealed,
      wire::offer_associated_data(identity_.endpoint, identity_.instance, offer));
  if (!password) {
    last.failure = {"auth-refused", "the credentials do not open with our key"};
    co_return last;
  }
  const auto ways = ways_.to_try(std::chrono::steady_clock::now());
  for (const auto way : ways) {
    const bool is_last = way == ways.back();
    const auto deadline = is_last ? config_.connect_deadline : config_.connect_deadline / 2;
    auto opened = co_await try_way(way, offer, *password, deadline, on_stream);
    if (opened.client) {
      ways_.worked(way, std::chrono::steady_clock::now());
      if (way != ways.front()) {
        log::warning("tunnel.other-way", {{"way", to_string(way)},
                                          {"reason", last.failure.reason},
                                          {"detail", last.failure.detail}});
      }
      co_return opened;
    }
    if (!last.failure.reason.empty()) {
      // What the first way died of counts: the other one is there because of it.
      opened.failure.detail = last.failure.detail + "; " + opened.failure.detail;
      opened.failure.reason = last.failure.reason;
    }
    last = std::move(opened);
    if (last.failure.reason == "auth-refused") break;  // by any way
  }
  co_return last;
}

net::Task<TunnelOpener::Opened> TunnelOpener::try_way(
    TunnelWay way, const wire::Offer& offer, const Secret& password, milliseconds deadline,
    const ssh::TunnelClient::OnStream& on_stream) {
  Opened result;
  result.way = way;
  Dialed dialed = 0;
  if (way == TunnelWay::direct) {
    dialed = co_await dial_direct(offer, deadline);
  } else {
    dialed = co_await dial_poll_port(deadline);
  }
  if (!dialed) {
    result.failure = dialed.error();
  } else {
    ssh::TunnelTarget target;
    target.host_keys = identity_.host_keys;
    target.user = offer.tunnel.text;
    target.password = password;
    target.forward_name = offer.forward_name;
    target.forward_port = offer.forward_port;
    target.ciphers = options_.ciphers;
    auto opened = co_await ssh::TunnelClient::open(*dialed, std::move(target), deadline, on_stream);
    if (opened) {
      result.client = std::move(*opened);
      co_return result;
    }
    result.failure = opened.error();
  }
  result.failure.detail =
      (way == TunnelWay::direct ? "" : "through the poll port: ") + result.failure.detail;
  co_return result;
}

net::Task<TunnelOpener::Dialed> TunnelOpener::dial_direct(const wire::Offer& offer,
                                                          milliseconds deadline) {
  auto address = parse_host_port(offer.address);
  if (!address) co_return ssh::TunnelFailure{kUnreachable, address.error().message};
  const bool is_only = deadline == config_.connect_deadline;
  const auto patience = is_only ? deadline : std::min(deadline, kFirstDial);
  auto socket = co_await net::dial(*address, patience, options_.dial);
  if (!socket) co_return ssh::TunnelFailure{kUnreachable, socket.error().message};
  net::set_no_delay(*socket);
  socket->native_non_blocking(true);
  co_return socket->release();
}

net::Task<TunnelOpener::Dialed> TunnelOpener::dial_poll_port(milliseconds deadline) {
  net::Request request;
  request.method = "GET";
  request.target = "/v1/tunnel";
  request.upgrade = "ssh";
  auto upgraded = co_await link_.upgrade_as_instance(std::move(request), deadline);
  if (!upgraded) co_return ssh::TunnelFailure{kUnreachable, upgraded.error().message};
  auto bridge = net::bridge(std::move(upgraded->stream), upgraded->descriptor);
  if (!bridge) co_return ssh::TunnelFailure{kUnreachable, bridge.error().message};
  bridges_.spawn("tunnel.bridge", std::move(bridge->work));
  co_return bridge->descriptor;
}

}  // namespace edge::agent
