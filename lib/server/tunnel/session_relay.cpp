// An operator's session through a tunnel: edged opens the stream, vouches for the session's key,
// and then relays bytes that it cannot read. A lasting session may be carried by several tunnels,
// one after the other: edged only brings its two ends together again.
#include "base/log.hpp"
#include "net/relay.hpp"
#include "server/tunnel/hang_ups.hpp"
#include "server/tunnel/tunnel.hpp"

namespace edge::server {
namespace {

Error refusal(int status, const SessionRequest& request) {
  if (status == 503) return fail(Errc::unavailable, "the agent has as many sessions as it takes");
  if (status == 410 && request.comes_back)
    return fail(Errc::removed,
                "the node does not have this session any more: its agent was started anew, or "
                "nobody came back in time");
  if (status == 403 && request.comes_back)
    return fail(Errc::not_allowed, "it is another operator's session");
  return fail(Errc::failure, "what serves this tunnel offers no sessions (status " +
                                 std::to_string(status) + "): is it edge-agent?");
}

}  // namespace

void Tunnel::serve_session(SessionRequest request) {
  tasks_.spawn("tunnel.session", relay(std::move(request)));
}

net::Task<Result<std::shared_ptr<net::Stream>>> Tunnel::upgrade(const SessionRequest& request) {
  touch();
  auto stream = co_await server_->open_stream(parts_.config.answer_deadline);
  if (!stream) co_return stream.error();
  net::Request wanted;
  wanted.method = "GET";
  wanted.target = "/v1/session";
  wanted.upgrade = request.protocol;
  wanted.headers = {{"Host", "agent"},
                    {"Edge-Session", request.session->id.text},
                    {"Edge-Session-Key", request.public_key}};
  if (!request.login_key.empty()) wanted.headers.emplace_back("Edge-Login-Key", request.login_key);
  if (request.is_lasting())
    wanted.headers.emplace_back("Edge-Resume-For", format_duration(settings_.resume_for));
  if (request.is_lasting()) wanted.headers.emplace_back("Edge-Carrier", request.carrier);
  if (request.comes_back) wanted.headers.emplace_back("Edge-Resume", "yes");
  if (co_await send(**stream, std::move(wanted), parts_.config.answer_deadline)) {
    co_return fail(Errc::unreachable, "the agent did not take a request");
  }
  net::HttpReader reader(**stream);
  net::HttpLimits limits;
  limits.head = 16 * 1024;
  limits.idle = parts_.config.answer_deadline;
  auto response = co_await reader.response(limits);
  if (!response) co_return response.error();
  if (response->status != 101) co_return refusal(response->status, request);
  co_return net::with_rest(std::move(*stream), reader.take_rest());
}

net::Response Tunnel::switched(const SessionRequest& request, const std::string& host_key) const {
  net::Response response;
  response.status = 101;
  response.headers = {{"Connection", "Upgrade"},
                      {"Upgrade", request.protocol},
                      {"Edge-Session", request.session->id.text},
                      {"Edge-Instance", caller_.instance.text},
                      {"Edge-Host-Key", host_key}};
  if (request.is_lasting())
    response.headers.emplace_back("Edge-Resume-For", format_duration(settings_.resume_for));
  return response;
}

net::Task<> Tunnel::relay(SessionRequest request) {
  auto self = shared_from_this();
  live_changed(+1);
  auto socket =
      std::make_shared<net::SocketStream>(net::adopt_socket(executor_, request.descriptor));
  auto& watched = socket->socket();
  auto client = net::with_rest(std::move(socket), std::move(request.rest));
  auto far = co_await upgrade(request);
  const auto host_key = parts_.registry.host_key(caller_.endpoint, caller_.instance);
  if (far && host_key.empty()) far = fail(Errc::removed, "the node was disassociated meanwhile");
  if (!far) {
    live_changed(-1);
    not_carried(request, far.error().code);
    auto response = error_response(far.error());
    response.keep_alive = false;
    co_await net::write_response(*client, std::move(response));
    co_return;
  }
  auto agent = *far;
  auto& session = *request.session;
  session.instance = caller_.instance;
  session.paused_since.set(std::nullopt);
  session.resumes = request.resumes;
  ++session.relays;
  request.waiting = Awaited();
  parts_.registry.add_session(request.session);
  parts_.registry.move_session(session, *this);
  const auto close_both = [near = std::weak_ptr(client), carried = std::weak_ptr(agent)] {
    if (const auto stream = near.lock()) stream->close();
    if (const auto stream = carried.lock()) stream->close();
  };
  session.end.on_ask(executor_, close_both);
  log::info(request.comes_back ? "session.resume" : "session.start",
            {{"session", session.id},
             {"endpoint", caller_.endpoint},
             {"tunnel", id_},
             {"operator", session.operator_name},
             {"resumes", session.resumes.load()}});
  net::RelayEnd end{true, false};
  const auto let_go = std::make_shared<bool>(false);
  if (request.is_lasting()) carried_.push_back({agent, let_go});
  if (!co_await net::write_response(*client, switched(request, host_key))) {
    net::RelayHooks hooks;
    const auto before_in = session.bytes_in.load(), before_out = session.bytes_out.load();
    hooks.on_bytes = [this, &session, before_in, before_out](const net::RelayCounts& counts) {
      session.count(before_in + counts.from_far, before_out + counts.from_near,
                    parts_.clock.steady());
      touch();
    };
    const auto limit = parts_.registry.session_limit(caller_.endpoint);
    hooks.limit_to_far = std::shared_ptr<net::RateLimit>(limit, &limit->to_node);
    hooks.limit_to_near = std::shared_ptr<net::RateLimit>(limit, &limit->from_node);
    end = co_await net::relay(client, watched, agent, std::move(hooks));
  }
  std::erase_if(carried_, [&let_go](const auto& carried) { return carried.let_go == let_go; });
  touch();
  live_changed(-1);
  --session.relays;
  if (session.is_expected()) co_return;
  session.end.forget();
  const bool operator_ends = (end.near_gone && !*let_go) || session.end.asked();
  if (request.is_lasting() && !operator_ends && (*let_go || !is_usable())) {
    pause(request);
    co_return;
  }
  log::info("session.end", {{"session", session.id},
                            {"endpoint", caller_.endpoint},
                            {"bytes-in", session.bytes_in.load()},
                            {"bytes-out", session.bytes_out.load()}});
  if (request.is_lasting() && operator_ends)
    co_await operator_gone(request.session, request.carrier);
  if (session.is_expected()) co_return;  // meanwhile somebody else came over another carrier
  // Lost under us: the session counts as live until the registry knows, for the tunnel is then
  // wanted back.
  if (server_->alive()) {
    parts_.registry.remove_session(session);
  } else {
    lost_sessions_.push_back(request.session);
  }
}

// No stream of the agent's came of it. A new session may have begun there all the same.
void Tunnel::not_carried(const SessionRequest& request, Errc why) {
  if (!request.is_lasting()) return;
  if (request.comes_back && why == Errc::removed) {
    parts_.registry.remove_session(*request.session);
  } else if (request.comes_back) {
    parts_.hang_ups->paused(request.session, request.carrier);
  } else if (!is_usable()) {
    request.session->instance = caller_.instance;
    parts_.hang_ups->operator_gone(request.session, request.carrier);
  }
}

// Its tunnel is gone, or silent: its operator asks for the next one.
void Tunnel::pause(const SessionRequest& request) {
  auto& session = *request.session;
  log::info("session.paused",
            {{"session", session.id}, {"endpoint", caller_.endpoint}, {"tunnel", id_}});
  const auto now = parts_.clock.steady();
  session.paused_since.set(now);
  session.given_up_at.set(now + settings_.resume_for);
  parts_.hang_ups->paused(request.session, request.carrier);
}

// Sessions leave a tunnel that is silent: their operators come back over the next one, or over this
// one when it is heard again. Until then nobody is sent through it.
void Tunnel::look_for_silence() {
  const bool silent = probes_.is_silent(server_->last_heard(), parts_.clock.steady());
  if (silent == silent_) return;
  silent_ = silent;
  log::info(silent ? "tunnel.silent" : "tunnel.heard-again",
            {{"tunnel", id_}, {"endpoint", caller_.endpoint}});
  live_changed(0);
  if (silent) {
    for (const auto& carried : carried_) {
      *carried.let_go = true;
      if (const auto carrier = carried.stream.lock()) carrier->close();
    }
  } else {
    parts_.registry.wake(caller_.endpoint);
  }
}

// Where edged itself goes, its operator has not gone.
net::Task<> Tunnel::operator_gone(std::shared_ptr<LiveSession> session, std::string carrier) {
  if (parts_.draining) co_return;
  bool told = false;
  if (is_usable()) told = co_await hang_up(session->id, carrier);
  if (!told) parts_.hang_ups->operator_gone(std::move(session), std::move(carrier));
}

// 410: it has ended by itself; 409: it was not its operator who came over that carrier.
net::Task<bool> Tunnel::hang_up(SessionId session, std::string carrier) {
  auto self = shared_from_this();
  net::Request request;
  request.method = "POST";
  request.target = "/v1/hang-up";
  request.headers = {{"Host", "agent"}, {"Edge-Session", session.text}};
  if (!carrier.empty()) request.headers.emplace_back("Edge-Carrier", std::move(carrier));
  request.keep_alive = false;
  const auto answer = co_await ask(std::move(request), parts_.config.answer_deadline);
  co_return answer.has_value();
}

}  // namespace edge::server
