// The doctor's way to the tunnel port, and through it.
#include <boost/asio/this_coro.hpp>

#include "agent/doctor.hpp"
#include "agent/doctor_words.hpp"
#include "fleet/reason_meaning.hpp"
#include "net/relay.hpp"

namespace edge::agent {
namespace {

const char* const kUnreachable = "agent-unreachable-tunnel-port";

doctor::Trouble trouble_of(const std::string& text, const std::string& endpoint) {
  const auto reason = fleet::reason_from_string(text);
  if (!reason || *reason == fleet::Reason::none) return {"see what was seen", "edgectl doctor"};
  return {fleet::meaning_of(*reason).meaning, fleet::next_step(*reason, endpoint)};
}

}  // namespace

net::Task<> Doctor::look_at_tunnel_port() {
  // What edged tells the agent counts, not what the token said once.
  const auto text = view_ ? view_->tunnel : identity_.tunnel;
  auto address = parse_host_port(text);
  if (!address) {
    report_.begin("tunnel name", text);
    report_.fail(address.error().message, {"edged names no address of its tunnel port",
                                           "on the server: tunnel.address in edged.yaml"});
    co_return;
  }
  doctor::Reach reach(report_, tunnel_advice(), "tunnel", *address, options_.each, options_.dial);
  auto socket = co_await reach.connect();
  if (!socket) co_return;
  auto host_keys = identity_.host_keys;
  co_await reach.ssh(std::move(*socket), std::move(host_keys), "the join token");
}

// Each way with credentials of its own: the first login uses them up.
net::Task<> Doctor::try_ways() {
  const auto& transport = config_.tunnel_transport;
  const auto left_out = "tunnel.transport is " + transport;
  if (transport == "poll-port") {
    report_.skip("tunnel trial", "", left_out);
  } else {
    co_await look_at_tunnel_port();
    co_await try_way(TunnelWay::direct);
  }
  if (transport == "direct") {
    report_.skip("poll trial", "", left_out);
    co_return;
  }
  co_await try_way(TunnelWay::poll_port);
}

net::Task<> Doctor::try_way(TunnelWay way) {
  const bool direct = way == TunnelWay::direct;
  report_.begin(direct ? "tunnel trial" : "poll trial");
  auto offer = co_await credentials();
  if (!offer) co_return;
  const auto by = direct ? offer->address : url_;
  TrialEnding ending;
  if (direct) {
    ending = co_await go_directly(std::move(*offer));
  } else {
    ending = co_await go_through_poll_port(std::move(*offer));
  }
  if (ending.good) {
    report_.pass("by " + by + ": login, forward, and edged's ping was answered");
    co_return;
  }
  auto trouble =
      ending.trouble.meaning.empty() ? trouble_of(ending.reason, identity_.name) : ending.trouble;
  report_.fail(
      "by " + by + ": stopped at " + ending.step + " (" + ending.reason + "): " + ending.detail,
      std::move(trouble));
}

net::Task<std::optional<wire::Offer>> Doctor::credentials() {
  if (!view_) {
    report_.skip("needs edged's credentials, and it has not answered");
    co_return std::nullopt;
  }
  auto response = co_await ask("POST", milliseconds{0});
  if (!response) {
    report_.fail("no credentials: " + response.error().message,
                 {"edged answered before and does not now", "again: edge-agent doctor"});
    co_return std::nullopt;
  }
  if (response->status == 429) {
    report_.skip("edged gives credentials for a few trials in a minute: again in " +
                 std::string(net::find_header(response->headers, "Retry-After").substr(0, 8)) +
                 " s");
    co_return std::nullopt;
  }
  auto offer = wire::parse_offer(response->body);
  if (response->status != 200 || !offer) {
    report_.fail("no credentials: answered " + std::to_string(response->status),
                 {"edged answered before and does not now", "on the server: journalctl -u edged"});
    co_return std::nullopt;
  }
  co_return *offer;
}

net::Task<TrialEnding> Doctor::go_directly(wire::Offer offer) {
  auto address = parse_host_port(offer.address);
  if (!address) co_return TrialEnding{false, "address", kUnreachable, address.error().message};
  auto socket = co_await net::dial(*address, options_.each, options_.dial);
  if (!socket) co_return TrialEnding{false, "connecting", kUnreachable, socket.error().message};
  socket->native_non_blocking(true);
  const auto executor = co_await net::asio::this_coro::executor;
  TrialTunnel tunnel(executor, identity_, options_.each);
  auto ending = co_await tunnel.run(std::move(offer), std::move(*socket));
  co_return ending;
}

net::Task<TrialEnding> Doctor::go_through_poll_port(wire::Offer offer) {
  const auto executor = co_await net::asio::this_coro::executor;
  auto connected = co_await connect_link();
  if (!connected)
    co_return TrialEnding{false, "connecting", kUnreachable, connected.error().message};
  auto upgraded = co_await link_->upgrade(options_.each);
  if (!upgraded) {
    TrialEnding ending{false, "Upgrade", kUnreachable, upgraded.error().message};
    ending.trouble = {"something in front of edged knows no Upgrade, or edged is too old",
                      "let Upgrade: ssh pass to /v1/tunnel (docs/behind-a-proxy.md); where the "
                      "direct way works, tunnels do"};
    co_return ending;
  }
  auto bridge = net::bridge(std::move(upgraded->stream), upgraded->descriptor);
  if (!bridge) co_return TrialEnding{false, "Upgrade", kUnreachable, bridge.error().message};
  net::TaskGroup relaying(executor);
  relaying.spawn("trial.bridge", std::move(bridge->work));
  TrialTunnel tunnel(executor, identity_, options_.each);
  auto socket = net::adopt_socket(executor, bridge->descriptor);
  auto ending = co_await tunnel.run(std::move(offer), std::move(socket));
  co_await relaying.join();
  co_return ending;
}

}  // namespace edge::agent
