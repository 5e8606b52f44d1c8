#include "server/poll/poll_requests.hpp"

#include "base/log.hpp"
#include "crypto/keys.hpp"
#include "server/gzip.hpp"
#include "server/snapshot_text.hpp"

namespace edge::server {
namespace {

constexpr int kAssociateTries = 6;
constexpr milliseconds kFirstOneSettles{50};
constexpr const char* kAssociate = "/v1/associate";
constexpr const char* kAgent = "/v1/agent";
constexpr const char* kSnapshot = "/v1/snapshot";

Error association_refused(fleet::AssociationVerdict verdict) {
  using Verdict = fleet::AssociationVerdict;
  if (verdict == Verdict::expired) {
    return fail(Errc::not_allowed, "the join token has expired",
                "edgectl endpoint token NAME makes a new one");
  }
  if (verdict == Verdict::host_key_changed) {
    return fail(Errc::conflict, "this instance is known with another host key",
                "edgectl endpoint disassociate NAME accepts a replaced machine");
  }
  return fail(Errc::conflict, "the endpoint has as many instances as it can have");
}

}  // namespace

net::Response PollRequests::unauthorized() {
  // Made once: strangers may ask for it thousands of times a second.
  static const auto response =
      json_response(401, {{"error",
                           {{"code", "unauthorized"},
                            {"message", "no such endpoint, or edge ID and token do not match"},
                            {"hint", "edgectl endpoint show NAME on the server, then join again"},
                            {"retryable", false}}}});
  return response;
}

net::Response PollRequests::removed() {
  return error_response(fail(Errc::removed, "the endpoint was removed"));
}

net::Response PollRequests::clone() {
  return error_response(fail(Errc::conflict, "another live connection has this instance's identity",
                             "on the copy: edge-agent leave, then join again"));
}

net::Response PollRequests::busy() {
  auto response = error_response(fail(Errc::unavailable, "shutting down"));
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

net::Response PollRequests::overloaded() {
  auto response = error_response(fail(Errc::unavailable, "too many agents come at once"));
  response.headers.emplace_back("Retry-After", "2");
  return response;
}

net::Task<net::Response> PollRequests::answer(net::Request request) {
  if (parts_.draining) co_return busy();
  if (request.method == "POST" && request.target == kAssociate)
    co_return co_await associate(std::move(request));
  const auto claim = wire::parse_authorization(net::find_header(request.headers, "Authorization"));
  if (!claim) co_return unauthorized();
  const auto caller =
      parts_.registry.authenticate(*claim, request.method, request.target, connection_);
  if (!caller) {
    if (caller.error() == Refusal::removed) co_return removed();
    if (claim->mac) co_await hold_back(claim->mac->endpoint);
    co_return unauthorized();  // the check-in that follows tells a clone
  }
  known_ = true;
  if (request.method == "PUT" && request.target == kSnapshot) {
    co_return co_await put_snapshot(std::move(request), *caller);
  }
  if (request.method == "POST" && request.target == kAgent) {
    co_return co_await post_agent(std::move(request), *caller);
  }
  const bool tunnel = request.target == kTunnel || request.target == kTrialPath;
  if (request.method == "GET" && tunnel && request.upgrade == "ssh" && makes_tunnels_)
    co_return net::Response{101, {{"Connection", "Upgrade"}, {"Upgrade", "ssh"}}, "", true};
  if (request.method == "GET" && request.target == kTunnel && makes_tunnels_)
    co_return error_response(fail(Errc::usage, "a tunnel needs Upgrade: ssh"));
  if (request.method == "GET" && request.target == kTrialPath) {
    co_return co_await show_instance(std::move(request), *caller);
  }
  if (request.method == "POST" && request.target == kTrialPath) co_return new_trial(*caller);
  co_return error_response(fail(Errc::not_found, "no such request"));
}

// What a failed authentication costs. Only the first ones are worth a line.
net::Task<> PollRequests::hold_back(EndpointId endpoint) {
  const auto delay =
      parts_.penalties.failed(source_key(peer_), endpoint.text, parts_.clock.steady());
  if (delay.count() == 0) {
    log::warning("request.refused", {{"endpoint", endpoint}, {"address", peer_}});
  } else {
    co_await net::sleep(delay);
  }
}

net::Task<net::Response> PollRequests::associate(net::Request request) {
  using Verdict = fleet::AssociationVerdict;
  auto message = wire::parse_associate(request.body);
  if (!message) co_return error_response(message.error());
  const fleet::AssociationClaim claim{crypto::sha256(message->secret.reveal()),
                                      crypto::sha256(message->edge_id), message->instance,
                                      message->host_key};
  store::InstanceRecord instance{message->instance,   message->host_key,  message->version,
                                 message->platform,   message->host_name, peer_,
                                 parts_.clock.wall(), parts_.clock.wall()};
  const auto key = crypto::derive_key(message->edge_id, message->secret);
  const auto id = message->endpoint;

  Result<void> stored;
  Verdict verdict = Verdict::unauthorized;
  std::uint32_t generation = 0;
  // More than once: two nodes of a new endpoint may come at the same time, and the second one's
  // first try finds a conflict.
  for (int attempt = 0; attempt < kAssociateTries; ++attempt) {
    const auto state = parts_.registry.association_state(id);
    if (!state) {
      co_await hold_back(id);
      co_return unauthorized();
    }
    generation = state->generation;
    verdict = fleet::decide(*state, claim, parts_.clock.wall());
    if (verdict == Verdict::unauthorized) {
      co_await hold_back(id);
      co_return unauthorized();
    }
    if (verdict != Verdict::associate && verdict != Verdict::add_instance &&
        verdict != Verdict::known) {
      const auto error = association_refused(verdict);
      parts_.record_event({{}, "associate.refused", id, message->instance, "", error.message});
      co_return error_response(error);
    }
    const bool first = verdict == Verdict::associate;
    auto write = [=](store::Store& store) {
      return first ? store.associate(id, claim.edge_id_hash, key, instance)
                   : store.put_instance(id, instance);
    };
    stored = co_await parts_.store.run(write);
    if (stored || stored.error().code != Errc::conflict) break;
    // Either another node of this endpoint was first, and its association is known here in a
    // moment, or the edge ID is another endpoint's.
    if (!co_await net::sleep(kFirstOneSettles)) break;
  }
  if (!stored) {
    log::error("associate.failed", {{"endpoint", id}, {"reason", stored.error().message}});
    co_return error_response(stored.error());
  }
  const auto after = parts_.registry.association_state(id);
  if (!after || after->generation != generation) {
    // A new token, or the endpoint's end, came while we wrote: what was decided on is not true any
    // more.
    auto undo = [id](store::Store& store) { return store.disassociate(id); };
    (void)co_await parts_.store.run(undo);
    co_return unauthorized();
  }
  known_ = true;
  parts_.registry.apply_association(id, claim.edge_id_hash, key, instance);
  if (verdict != Verdict::known) {
    parts_.record_event({{},
                         verdict == Verdict::associate ? "endpoint.associated" : "instance.joined",
                         id,
                         instance.id,
                         "",
                         "from " + peer_});
  }
  auto response =
      json_response(200, {{"apiVersion", "edge/v1"}, {"name", parts_.registry.name_of(id)}});
  response.headers.emplace_back("Edge-Next", wire::print_pace(parts_.registry.pace(id)));
  co_return response;
}

net::Task<net::Response> PollRequests::put_snapshot(net::Request request, Caller caller) {
  auto text = inflate(request.body, kSnapshotLimit);
  if (!text) co_return error_response(text.error());
  if (!is_snapshot(*text)) co_return error_response(fail(Errc::usage, "not a snapshot"));
  const store::SnapshotRecord record{caller.endpoint, caller.instance, parts_.clock.wall(),
                                     std::move(*text)};
  auto write = [record](store::Store& store) { return store.put_snapshot(record); };
  auto stored = co_await parts_.store.run(write);
  if (!stored) co_return error_response(stored.error());
  co_return net::Response{204, {}, "", true};
}

net::Task<net::Response> PollRequests::post_agent(net::Request request, Caller caller) {
  auto report = wire::parse_agent_report(request.body);
  if (!report) co_return error_response(report.error());
  if (report->tunnel_failure && !report->tunnel_failure->empty()) {
    log::warning("tunnel.agent-failed", {{"endpoint", caller.endpoint},
                                         {"instance", caller.instance},
                                         {"reason", *report->tunnel_failure},
                                         {"detail", report->tunnel_detail.value_or("")}});
  }
  if (parts_.registry.agent_reported(caller, *report)) {
    const auto instance = parts_.registry.instance(caller);
    if (!instance) co_return unauthorized();
    auto write = [record = *instance, id = caller.endpoint](store::Store& store) {
      return store.put_instance(id, record);
    };
    auto stored = co_await parts_.store.run(write);
    if (!stored) co_return error_response(stored.error());
  }
  co_return net::Response{204, {}, "", true};
}

}  // namespace edge::server
