#include "server/tunnel/tunnel.hpp"

#include <boost/asio/post.hpp>

#include "base/log.hpp"
#include "net/deadline.hpp"
#include "server/snapshot_text.hpp"

namespace edge::server {
namespace {

// edged would rather hear than ask: agents probe, and each probe that they make is one less here.
constexpr milliseconds kMostGrace{2'000};
constexpr milliseconds kGoodbye{1'000};
constexpr std::size_t kSnapshotLimit = 1024 * 1024;

net::HttpLimits answer_limits(milliseconds deadline) {
  net::HttpLimits limits;
  limits.head = 16 * 1024;
  limits.body = kSnapshotLimit;
  limits.idle = limits.head_deadline = limits.body_deadline = deadline;
  return limits;
}

net::Request to_agent(std::string method, std::string target) {
  net::Request request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.headers = {{"Host", "agent"}};
  request.keep_alive = false;  // one request a stream
  return request;
}

// Often enough for the agent's own idle clock, however short that is set.
milliseconds keep_alive_interval(const config::FleetSettings& settings) {
  return std::min(settings.keep_alive, settings.tunnel_idle / 2);
}

}  // namespace

Tunnel::Tunnel(net::asio::any_io_executor executor, Parts& parts, std::string peer, TunnelWay way)
    : executor_(executor),
      parts_(parts),
      peer_(std::move(peer)),
      way_(way),
      bell_(std::make_shared<net::Notify>(executor)),
      tasks_(executor),
      probes_(settings_.tunnel_probe, kMostGrace) {}

Tunnel::~Tunnel() = default;

net::Task<> Tunnel::run(net::Socket socket, const ssh::ServerIdentity& identity,
                        Newcomer newcomer) {
  auto self = shared_from_this();
  const bool established = co_await log_in(std::move(socket), identity, std::move(newcomer));
  if (!established) co_return;
  learn_settings();
  touch();
  tasks_.spawn("tunnel.death", watch_death());
  if (is_trial_) {
    co_await try_out();
    server_->close();
    co_await tasks_.join();
    co_return;
  }

  // Usable is what answers a ping with any HTTP at all; stock `ssh -R` in front of any web server
  // is enough.
  auto pong = co_await ask(to_agent("GET", "/v1/ping"), parts_.config.answer_deadline);
  auto reason = fleet::Reason::lost;
  if (!pong) {
    log::warning("tunnel.no-ping", {{"tunnel", id_}, {"reason", pong.error().message}});
    parts_.registry.tunnel_closed(caller_.endpoint, id_, reason);
  } else if (!parts_.registry.tunnel_opened(caller_, self)) {
    log::info("tunnel.late", {{"tunnel", id_}, {"endpoint", caller_.endpoint}});
  } else {
    log::info("tunnel.open",
              {{"tunnel", id_}, {"endpoint", caller_.endpoint}, {"way", to_string(way_)}});
    reason = co_await supervise();
    parts_.registry.tunnel_closed(caller_.endpoint, id_, reason);
  }
  server_->close();  // whatever runs on it ends with an error
  co_await tasks_.join();
  for (const auto& session : lost_sessions_) parts_.registry.remove_session(*session);
}

// Handshake, login and forward. What a stranger needs is let go of at its end.
net::Task<bool> Tunnel::log_in(net::Socket socket, const ssh::ServerIdentity& identity,
                               Newcomer newcomer) {
  std::optional<Caller> caller;
  ssh::TunnelRules rules;
  rules.forward_name = kForwardName;
  rules.forward_port = kForwardPort;
  rules.login = [this, &caller](const std::string& user, const std::string& password) {
    caller = parts_.registry.consume(TunnelId{user}, password);
    if (!caller) {
      caller = parts_.registry.consume_trial(TunnelId{user}, password);
      is_trial_ = caller.has_value();
    }
    if (caller) id_ = TunnelId{user};
    return caller.has_value();
  };
  net::set_no_delay(socket);
  server_ =
      std::make_unique<ssh::TunnelServer>(executor_, socket.release(), identity, std::move(rules));
  newcomer.on_cut([weak = weak_from_this()] {
    if (const auto tunnel = weak.lock()) tunnel->server_->close();
  });
  const auto deadline = parts_.config.login_deadline;
  auto established =
      co_await server_->establish(deadline, newcomer.is_crowded() ? deadline / 4 : deadline);
  if (!established) {
    log::info("tunnel.refused",
              {{"address", peer_}, {"tunnel", id_}, {"reason", established.error().message}});
    if (is_trial_) {
      parts_.registry.trial_ended(*caller);
    } else if (caller) {
      parts_.registry.tunnel_closed(caller->endpoint, id_, fleet::Reason::lost);
    }
    if (!caller) parts_.tunnel_penalties.failed(newcomer.source(), "", parts_.clock.steady());
    co_return false;
  }
  caller_ = *caller;
  co_return true;
}

// A trial shows that a tunnel would work, and is none: the endpoint's state never hears of it. The
// agent's end is told by the close that its answer to the ping has arrived.
net::Task<> Tunnel::try_out() {
  auto pong = co_await ask(to_agent("GET", "/v1/ping"), parts_.config.answer_deadline);
  parts_.registry.trial_ended(caller_);
  log::info("tunnel.trial", {{"endpoint", caller_.endpoint},
                             {"instance", caller_.instance},
                             {"tunnel", id_},
                             {"address", peer_},
                             {"outcome", pong ? "answered" : pong.error().message}});
  if (pong) co_await ask(to_agent("POST", "/v1/close"), kGoodbye);
}

net::Task<> Tunnel::watch_death() {
  co_await server_->until_dead();
  bell_->ring();
}

void Tunnel::learn_settings() {
  settings_ = parts_.registry.settings_of(caller_.endpoint);
  idle_limit_ = settings_.tunnel_idle.count();
  probes_.set_every(settings_.tunnel_probe);
}

// A session has come or gone.
void Tunnel::live_changed(int by) {
  sessions_ += by;
  probes_.set_live(sessions_ > 0 || silent_);
  bell_->ring();
}

void Tunnel::end(fleet::Reason reason) {
  net::asio::post(executor_, [self = shared_from_this(), reason] {
    if (!self->ended_) self->ended_ = reason;
    self->bell_->ring();
  });
}

std::optional<milliseconds> Tunnel::idle_in() const {
  if (sessions_ > 0) return std::nullopt;
  const auto idle =
      std::chrono::duration_cast<milliseconds>(parts_.clock.steady() - last_activity());
  return std::max(milliseconds{0}, milliseconds(idle_limit_.load()) - idle);
}

// Until the tunnel ends; says why. Wakes for the nearest of: probe, keep-alive, idle limit, a ring.
net::Task<fleet::Reason> Tunnel::supervise() {
  auto next_keep_alive = parts_.clock.steady() + keep_alive_interval(settings_);
  for (;;) {
    auto next = std::min(probes_.next(server_->last_heard()), next_keep_alive);
    if (sessions_ == 0) next = std::min(next, last_activity() + settings_.tunnel_idle);
    const auto wait = std::chrono::ceil<milliseconds>(next - parts_.clock.steady());
    co_await bell_->wait(std::max(wait, milliseconds{1}));
    if (!server_->alive()) {
      const bool goodbye = server_->said_goodbye();  // an agent only says it by plan
      co_return ended_.value_or(goodbye ? fleet::Reason::agent_stopped : fleet::Reason::lost);
    }
    if (ended_) {
      if (*ended_ != fleet::Reason::lost) {  // its agent has come without it: nobody hears us
        auto close = to_agent("POST", "/v1/close");
        // Who is not trusted any more keeps no session that could go on.
        if (*ended_ == fleet::Reason::endpoint_removed)
          close.headers.emplace_back("Edge-Hang-Up", "yes");
        co_await ask(std::move(close), std::min(parts_.config.answer_deadline, milliseconds{1000}));
      }
      co_return *ended_;
    }
    learn_settings();
    const auto now = parts_.clock.steady();
    if (probes_.is_lost(server_->last_heard(), now)) co_return fleet::Reason::lost;
    look_for_silence();
    if (probes_.is_due(server_->last_heard(), now)) server_->probe();
    if (now >= next_keep_alive) {
      next_keep_alive = now + keep_alive_interval(settings_);
      // Beside the probes, which must not wait for its answer.
      if (sessions_ > 0) tasks_.spawn("tunnel.keep-alive", keep_alive());
    }
    const bool idle =
        sessions_ == 0 && parts_.clock.steady() - last_activity() >= settings_.tunnel_idle;
    if (idle && parts_.registry.tunnel_closing(caller_.endpoint, id_)) {
      co_await close_idle();
      co_return fleet::Reason::idle;
    }
    if (idle) {  // needed after all, and the agent's own idle clock must start anew, too
      touch();
      tasks_.spawn("tunnel.keep-alive", keep_alive());
    }
  }
}

// The agent's own idle clock starts anew with it.
net::Task<> Tunnel::keep_alive() {
  co_await ask(to_agent("POST", "/v1/keep-alive"), parts_.config.answer_deadline);
}

// The last snapshot, then goodbye. What fails here is logged and changes nothing: the tunnel
// closes.
net::Task<> Tunnel::close_idle() {
  auto snapshot = co_await take_snapshot(settings_.close_deadline);
  if (!snapshot) {
    log::warning(
        "snapshot.failed",
        {{"endpoint", caller_.endpoint}, {"tunnel", id_}, {"reason", snapshot.error().message}});
  } else {
    parts_.store.post([record = *snapshot](store::Store& store) {
      if (auto stored = store.put_snapshot(record); !stored) {
        log::error("snapshot.lost",
                   {{"endpoint", record.endpoint}, {"reason", stored.error().message}});
      }
    });
  }
  co_await ask(to_agent("POST", "/v1/close"), milliseconds{1000});
}

// Within the deadline: a window that stays shut, or keys that are never exchanged to the end, are
// no errors of the stream's.
net::Task<net::error_code> Tunnel::send(net::Stream& agent, net::Request request,
                                        milliseconds deadline) {
  net::Deadline bound(executor_, deadline, [&agent] { agent.close(); });
  auto error = co_await net::write_request(agent, std::move(request));
  co_return error;
}

net::Task<Result<net::Response>> Tunnel::ask(net::Request request, milliseconds deadline) {
  touch();
  auto stream = co_await server_->open_stream(deadline);
  if (!stream) co_return stream.error();
  auto& agent = **stream;
  if (co_await send(agent, std::move(request), deadline)) {
    co_return fail(Errc::unreachable, "the agent did not take a request");
  }
  net::HttpReader reader(agent);
  auto response = co_await reader.response(answer_limits(deadline));
  agent.close();
  co_return response;
}

net::Task<Result<std::chrono::microseconds>> Tunnel::ping(milliseconds deadline) {
  auto self = shared_from_this();
  const auto asked = parts_.clock.steady();
  auto pong = co_await ask(to_agent("GET", "/v1/ping"), deadline);
  if (!pong) co_return pong.error();
  co_return std::chrono::ceil<std::chrono::microseconds>(parts_.clock.steady() - asked);
}

net::Task<Result<store::SnapshotRecord>> Tunnel::take_snapshot(milliseconds deadline) {
  auto self = shared_from_this();
  auto response = co_await ask(to_agent("POST", "/v1/snapshot"), deadline);
  if (!response) co_return response.error();
  if (response->status != 200 || !is_snapshot(response->body)) {
    co_return fail(Errc::failure,
                   "the agent gave no snapshot (status " + std::to_string(response->status) + ")");
  }
  co_return store::SnapshotRecord{caller_.endpoint, caller_.instance, parts_.clock.wall(),
                                  response->body};
}

}  // namespace edge::server
