#include "server/poll/poll_requests.hpp"

#include "base/encoding.hpp"
#include "base/log.hpp"
#include "crypto/keys.hpp"
#include "fleet/pace.hpp"
#include "server/gzip.hpp"
#include "server/snapshot_text.hpp"

namespace edge::server {
namespace {

constexpr int kAssociateTries = 6;
constexpr milliseconds kFirstOneSettles{50};
constexpr const char* kAssociate = "/v1/associate";
constexpr const char* kCheckIn = "/v1/check-in";
constexpr const char* kAgent = "/v1/agent";
constexpr const char* kSnapshot = "/v1/snapshot";

net::Response unauthorized() {
  return json_response(401,
                       {{"error",
                         {{"code", "unauthorized"},
                          {"message", "no such endpoint, or edge ID and token do not match"},
                          {"hint", "edgectl endpoint show NAME on the server, then join again"},
                          {"retryable", false}}}});
}

net::Response refused(Refusal refusal) {
  if (refusal == Refusal::removed)
    return error_response(fail(Errc::removed, "the endpoint was removed"));
  if (refusal == Refusal::clone) {
    return error_response(fail(Errc::conflict,
                               "another live connection has this instance's identity",
                               "on the copy: edge-agent leave, then join again"));
  }
  return unauthorized();
}

net::Response busy() {
  auto response = error_response(fail(Errc::unavailable, "shutting down"));
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

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

PollConnection::PollConnection(Parts& parts, net::Stream& stream, std::string peer,
                               std::uint64_t id)
    : parts_(parts),
      stream_(stream),
      peer_(std::move(peer)),
      id_(id),
      bell_(std::make_shared<net::Notify>(stream.executor())) {}

PollConnection::~PollConnection() {
  if (!caller_) return;
  parts_.registry.end_hold(*caller_, bell_);
  parts_.registry.connection_closed(*caller_, id_);
}

net::Task<std::optional<net::Response>> PollConnection::answer(net::Request request) {
  if (parts_.draining) co_return busy();
  if (request.method == "POST" && request.target == kAssociate)
    co_return co_await associate(std::move(request));
  auto claim =
      wire::parse_authorization(std::string(net::find_header(request.headers, "Authorization")));
  if (!claim) co_return unauthorized();
  const bool by_mac = claim->mac.has_value();
  auto caller = parts_.registry.authenticate(*claim, request.method, request.target, id_);
  if (!caller) {
    if (by_mac) {
      log::debug("check-in.refused", {{"endpoint", claim->mac->endpoint}, {"address", peer_}});
    }
    if (caller.error() == Refusal::clone) {
      // A copy has overtaken this one's counter; both are told.
      auto refusal = clone_refused({claim->mac->endpoint, claim->mac->instance, 0});
      if (refusal) co_return refusal;
      co_return unauthorized();  // its own connection: a replay
    }
    co_return refused(caller.error());
  }
  known_ = true;
  if (request.method == "GET" && request.target == kCheckIn) {
    co_return co_await check_in(std::move(request), *caller, by_mac);
  }
  if (request.method == "PUT" && request.target == kSnapshot) {
    co_return co_await put_snapshot(std::move(request), *caller);
  }
  if (request.method == "POST" && request.target == kAgent) {
    co_return co_await post_agent(std::move(request), *caller);
  }
  co_return error_response(fail(Errc::not_found, "no such request"));
}

// 409 for a connection whose identity another one has, too; nothing for one that is its own.
std::optional<net::Response> PollConnection::clone_refused(const Caller& caller) {
  bool first = false;
  if (parts_.registry.connection_is_its_own(caller, id_, first)) return std::nullopt;
  if (first) {
    parts_.record_event({{},
                         "instance.cloned",
                         caller.endpoint,
                         caller.instance,
                         "",
                         "two live connections with one identity; one is from " + peer_});
  }
  return refused(Refusal::clone);
}

net::Task<std::optional<net::Response>> PollConnection::check_in(net::Request request,
                                                                 Caller caller, bool by_mac) {
  if (caller_ && caller_->instance != caller.instance) {
    parts_.registry.connection_closed(*caller_, id_);  // a connection that changed its identity
  }
  caller_ = caller;
  if (auto refusal = clone_refused(caller)) co_return refusal;
  const auto asked = wire::parse_wait(std::string(net::find_header(request.headers, "Prefer")));
  const auto ordered = parts_.registry.pace(caller.endpoint).hold;
  auto answer = co_await hold(caller, fleet::clamp_wait(asked.value_or(milliseconds{0}), ordered));
  if (!answer) co_return std::nullopt;
  if (parts_.registry.is_marked(caller, id_)) co_return clone_refused(caller);

  net::Response response;
  if (answer->kind == CheckInAnswer::Kind::connect) {
    response = {
        200, {{"Content-Type", "application/json"}}, wire::print_offer(answer->offer), true};
  } else {
    response.status = 204;
  }
  response.headers.emplace_back("Edge-Next", wire::print_pace(answer->pace));
  if (by_mac) {
    if (auto ticket = parts_.registry.new_ticket(caller); !ticket.empty()) {
      response.headers.emplace_back("Edge-Ticket", std::move(ticket));
    }
  }
  co_return response;
}

// Answers at once when needed, else waits for the bell: the endpoint became required, its pace
// changed, the winner was too slow, a newer check-in took over, or the agent went away.
net::Task<std::optional<CheckInAnswer>> PollConnection::hold(Caller caller, milliseconds wait) {
  const bool holding = wait.count() > 0;
  const auto until = std::chrono::steady_clock::now() + wait;
  const auto first_pace = parts_.registry.pace(caller.endpoint);
  auto gone =
      std::make_shared<bool>(false);  // shared: the callback may already be queued when we leave
  if (holding) {
    stream_.when_readable([bell = bell_, gone] {
      *gone = true;
      bell->ring();
    });
  }
  auto answer = parts_.registry.check_in(caller, peer_, holding ? bell_ : nullptr);
  while (answer.kind == CheckInAnswer::Kind::hold) {
    const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
    const bool new_order = answer.pace != first_pace;  // the agent learns it now
    if (left.count() <= 0 || new_order || parts_.draining) break;
    co_await bell_->wait(std::min(left, answer.recheck));
    if (*gone || !parts_.registry.holds(caller, bell_)) break;
    if (parts_.registry.is_marked(caller, id_)) break;
    answer = parts_.registry.check_in(caller, peer_, bell_);
  }
  if (holding) stream_.forget_readable();
  parts_.registry.end_hold(caller, bell_);
  if (*gone) co_return std::nullopt;
  co_return answer;
}

net::Task<net::Response> PollConnection::associate(net::Request request) {
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
    if (!state) co_return unauthorized();
    generation = state->generation;
    verdict = fleet::decide(*state, claim, parts_.clock.wall());
    if (verdict == Verdict::unauthorized) {
      log::warning("associate.refused", {{"endpoint", id}, {"address", peer_}});
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

net::Task<net::Response> PollConnection::put_snapshot(net::Request request, Caller caller) {
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

net::Task<net::Response> PollConnection::post_agent(net::Request request, Caller caller) {
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
