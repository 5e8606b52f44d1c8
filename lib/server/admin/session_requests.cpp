// What needs a tunnel: sessions and snapshots on demand. Both raise "required", wait, and lower it
// again.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include "base/log.hpp"
#include "base/text.hpp"
#include "crypto/random.hpp"
#include "fleet/reason_meaning.hpp"
#include "server/admin/admin_requests.hpp"
#include "server/tunnel/hang_ups.hpp"
#include "server/tunnel/tunnel.hpp"
#include "ssh/key.hpp"

namespace edge::server {
namespace {

using nlohmann::json;

// Who is meant: "shop", or "worker-3 of shop".
struct Whom {
  std::string endpoint, instance;  // an instance as the operator named it; empty: any

  std::string text() const {
    return instance.empty() ? endpoint : printable(instance, 80) + " of " + endpoint;
  }
  std::string connect_command() const {
    return "edgectl connect " + endpoint +
           (instance.empty() ? "" : " --instance " + printable(instance, 80));
  }
};

Error offline_error(const Whom& whom, const Registry::Waiting& endpoint) {
  if (endpoint.state == fleet::EndpointState::fresh && whom.instance.empty()) {
    return fail(Errc::offline,
                "cannot connect to " + whom.endpoint + ": no agent has joined it yet",
                "edgectl endpoint token " + whom.endpoint + " makes a join command");
  }
  auto message = "cannot connect to " + whom.text() + ": offline";
  message += endpoint.last_seen_text.empty() ? "\n  never seen"
                                             : "\n  last seen " + endpoint.last_seen_text;
  if (!endpoint.address.empty()) message += " from " + endpoint.address;
  return fail(Errc::offline, message, whom.connect_command() + " --wait 10m");
}

Error late_error(const Whom& whom, const Registry::Waiting& endpoint) {
  const auto& name = whom.endpoint;
  auto message = "cannot connect to " + whom.text() + ": ";
  if (endpoint.tunnel_state == fleet::TunnelState::connecting) {
    message += "the agent was told to connect and its tunnel did not open in time";
  } else {
    message += "its agent did not check in in time";
  }
  const auto reason = fleet::reason_from_string(endpoint.reason);
  if (!reason || *reason == fleet::Reason::none)
    return fail(Errc::timed_out, message, "edgectl doctor " + name);
  message += "\n  last reason: " + endpoint.reason;
  if (!endpoint.detail.empty()) message += " (" + endpoint.detail + ")";
  message += std::string("\n  which means: ") + fleet::meaning_of(*reason).meaning;
  return fail(Errc::timed_out, message, fleet::next_step(*reason, name));
}

}  // namespace

// Refused before anything is raised: who does not wait leaves no trace.
std::optional<Error> AdminConnection::offline_now(const Call& call) const {
  const auto endpoint = parts_.registry.waiting(call.endpoint, call.instance);
  const bool waits = call.query.count("wait") != 0;
  if (waits || !endpoint.exists || endpoint.state == fleet::EndpointState::online)
    return std::nullopt;
  return offline_error({call.name, call.instance_name}, endpoint);
}

net::Task<Result<std::shared_ptr<Tunnel>>> AdminConnection::require_tunnel(const Call& call) {
  std::optional<milliseconds> asked;
  if (const auto wait = call.query.find("wait"); wait != call.query.end()) {
    asked = parse_duration(wait->second);
    if (!asked) co_return fail(Errc::usage, "wait: a duration such as 30s or 10m");
  }
  const Whom whom{call.name, call.instance_name};
  const auto started = std::chrono::steady_clock::now();
  auto bell = std::make_shared<net::Notify>(stream_.executor());
  auto gone =
      std::make_shared<bool>(false);  // shared: the callback may already be queued when we leave
  stream_.when_readable([bell, gone] {
    *gone = true;
    bell->ring();
  });
  parts_.registry.watch(call.endpoint, bell);
  Result<std::shared_ptr<Tunnel>> answer = std::shared_ptr<Tunnel>();
  for (;;) {
    const auto endpoint = parts_.registry.waiting(call.endpoint, call.instance);
    if (*gone) {
      answer = fail(Errc::unreachable, "the operator has gone");
      break;
    }
    if (!endpoint.exists) {
      const auto what = whom.instance.empty() ? "the endpoint" : "the instance";
      answer = fail(Errc::removed, what + std::string(" was removed meanwhile"));
      break;
    }
    if (endpoint.tunnel) {
      answer = std::static_pointer_cast<Tunnel>(endpoint.tunnel);
      break;
    }
    if (call.session && call.session->end.asked()) {
      const auto& id = call.session->id;
      answer = fail(Errc::removed, "session " + id.text + " was " + parts_.registry.why_ended(id));
      break;
    }
    if (parts_.draining) {
      answer = fail(Errc::unavailable, "edged is shutting down");
      break;
    }
    if (!asked && endpoint.state != fleet::EndpointState::online) {
      answer = offline_error(whom, endpoint);
      break;
    }
    const auto until = started + asked.value_or(endpoint.patience);
    const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      answer = endpoint.state == fleet::EndpointState::online ? late_error(whom, endpoint)
                                                              : offline_error(whom, endpoint);
      break;
    }
    // Going offline rings no bell: look again now and then.
    co_await bell->wait(std::min(left, milliseconds{1000}));
  }
  if (!*gone) stream_.forget_readable();
  co_return answer;
}

std::shared_ptr<LiveSession> AdminConnection::new_session(const Call& call, SessionId id) const {
  auto session = std::make_shared<LiveSession>();
  session->id = std::move(id);
  session->endpoint = call.endpoint;
  session->operator_name = operator_.name;
  session->login = operator_.login;
  session->since = parts_.clock.wall();
  session->last_input.set(parts_.clock.steady());
  session->key = net::find_header(call.request.headers, "Edge-Session-Key");
  const std::string idle(net::find_header(call.request.headers, "Edge-Idle"));
  session->idle_limit = parse_duration(idle).value_or(milliseconds{0}).count();
  return session;
}

// A new one, or the one that an operator comes back for. After a restart of edged nobody here knows
// that one, but its two ends do.
Result<std::shared_ptr<LiveSession>> AdminConnection::session_of(const Call& call) const {
  const auto& headers = call.request.headers;
  const auto wanted = net::find_header(headers, "Edge-Resume");
  if (wanted.empty()) return new_session(call, crypto::new_session_id());
  const auto id = parse_session_id(wanted);
  if (!id) return id.error();
  if (!call.instance) return fail(Errc::usage, "a session goes on with its own instance only");
  if (const auto why = parts_.registry.why_ended(*id); !why.empty())
    return fail(Errc::removed, "session " + id->text + " was " + why);
  auto session = parts_.registry.session(call.endpoint, *id);
  const std::string key(net::find_header(headers, "Edge-Session-Key"));
  if (session && (session->login.uid != operator_.login.uid || session->key != key))
    return fail(Errc::not_allowed, "it is another operator's session");
  if (session && session->instance != *call.instance)
    return fail(Errc::not_allowed, "the session is on another instance");
  if (!session) {
    session = new_session(call, *id);
    session->instance = *call.instance;
  }
  ++session->visits;
  return session;
}

AdminConnection::Answer AdminConnection::open_session(Call call) {
  const auto& headers = call.request.headers;
  const auto key =
      ssh::Key::from_public_line(std::string(net::find_header(headers, "Edge-Session-Key")));
  const std::string login_line(net::find_header(headers, "Edge-Login-Key"));
  const auto login_key = ssh::Key::from_public_line(login_line);
  const auto protocol = call.request.upgrade;
  const bool known = protocol == kPlainProtocol || protocol == kLastingProtocol;
  if (!known || !key || (!login_line.empty() && !login_key)) {
    co_return error_response(
        fail(Errc::usage,
             "a session needs Upgrade: ssh (or edge-stream) and Edge-Session-Key: "
             "ssh-ed25519 AAAA..."));
  }
  if (const auto wanted = call.query.find("instance"); wanted != call.query.end()) {
    const auto instance = parts_.registry.find_instance(call.endpoint, wanted->second);
    if (!instance) co_return error_response(instance.error());
    call.instance = *instance;
    call.instance_name = wanted->second;
  }
  auto session = session_of(call);
  if (!session) co_return error_response(session.error());
  if (auto error = offline_now(call)) co_return error_response(*error);
  call.session = *session;
  const bool comes_back = (*session)->visits > 0;
  auto demand = std::make_shared<Demand>(parts_.registry, call.endpoint, call.instance);
  auto waiting = Awaited(call.session);
  auto tunnel = co_await require_tunnel(call);
  if (!tunnel) {
    const bool gone = tunnel.error().code == Errc::unreachable;
    if (comes_back) {
      if (gone) {
        parts_.hang_ups->operator_gone(*session);
      } else {
        parts_.hang_ups->paused(*session);
      }
    }
    if (gone) co_return std::nullopt;
    co_return error_response(tunnel.error());
  }
  SessionRequest request(std::move(slot_));
  request.public_key = key->public_line();
  request.login_key = login_key ? login_key->public_line() : "";
  request.protocol = protocol;
  request.comes_back = comes_back;
  request.carrier = crypto::new_session_id().text;
  request.waiting = std::move(waiting);
  const std::string resumes(net::find_header(headers, "Edge-Resumes"));
  request.resumes = static_cast<unsigned>(std::strtoul(resumes.c_str(), nullptr, 10));
  request.session = std::move(*session);
  request.demand = std::move(demand);
  request.rest = reader_.take_rest();
  // From here on the connection lives on the tunnel's loop.
  request.descriptor = stream_.socket().release();
  parts_.record_event(event(comes_back ? "session.resumed" : "session.requested", call.endpoint,
                            "session " + request.session->id.text));
  net::asio::post((*tunnel)->executor(),
                  [tunnel = *tunnel, request = std::move(request)]() mutable {
                    tunnel->serve_session(std::move(request));
                  });
  co_return std::nullopt;
}

net::Task<std::optional<net::Response>> AdminConnection::snapshots_view(EndpointId id) {
  auto read = [id](store::Store& store) { return store.snapshots(id); };
  auto snapshots = co_await parts_.store.run(read);
  if (!snapshots) co_return error_response(snapshots.error());
  json items = json::array();
  for (const auto& snapshot : *snapshots) {
    items.push_back({{"instance", snapshot.instance.text},
                     {"taken", format_rfc3339(snapshot.taken)},
                     {"snapshot", json::parse(snapshot.body, nullptr, false)}});
  }
  co_return json_response(200, {{"apiVersion", "edge/v1"}, {"items", std::move(items)}});
}

AdminConnection::Answer AdminConnection::list_snapshots(Call call) {
  co_return co_await snapshots_view(call.endpoint);
}

AdminConnection::Answer AdminConnection::take_snapshot(Call call) {
  if (auto error = offline_now(call)) co_return error_response(*error);
  const Demand demand(parts_.registry, call.endpoint);
  auto tunnel = co_await require_tunnel(call);
  if (!tunnel) {
    if (tunnel.error().code == Errc::unreachable) co_return std::nullopt;
    co_return error_response(tunnel.error());
  }
  auto taken = co_await net::asio::co_spawn((*tunnel)->executor(),
                                            (*tunnel)->take_snapshot(parts_.config.answer_deadline),
                                            net::asio::use_awaitable);
  if (!taken) co_return error_response(taken.error());
  auto write = [record = *taken](store::Store& store) { return store.put_snapshot(record); };
  auto stored = co_await parts_.store.run(write);
  if (!stored) co_return error_response(stored.error());
  co_return co_await snapshots_view(call.endpoint);
}

}  // namespace edge::server
