// An operator's session through a tunnel: edged opens the stream, vouches for the session's key,
// and then relays bytes that it cannot read.
#include "base/log.hpp"
#include "net/relay.hpp"
#include "server/tunnel/tunnel.hpp"

namespace edge::server {

void Tunnel::serve_session(SessionRequest request) {
  tasks_.spawn("tunnel.session", relay(std::move(request)));
}

net::Task<Result<std::unique_ptr<net::Stream>>> Tunnel::upgrade(const SessionRequest& request) {
  touch();
  auto stream = co_await server_->open_stream(parts_.config.answer_deadline);
  if (!stream) co_return stream.error();
  net::Request wanted;
  wanted.method = "GET";
  wanted.target = "/v1/session";
  wanted.upgrade = "ssh";
  wanted.headers = {{"Host", "agent"},
                    {"Edge-Session", request.session->id.text},
                    {"Edge-Session-Key", request.public_key}};
  if (co_await send(**stream, std::move(wanted), parts_.config.answer_deadline)) {
    co_return fail(Errc::unreachable, "the agent did not take a request");
  }
  net::HttpReader reader(**stream);
  net::HttpLimits limits;
  limits.head = 16 * 1024;
  limits.idle = parts_.config.answer_deadline;
  auto response = co_await reader.response(limits);
  if (!response) co_return response.error();
  if (response->status != 101) {
    if (response->status == 503)
      co_return fail(Errc::unavailable, "the agent has as many sessions as it takes");
    co_return fail(Errc::failure, "what serves this tunnel offers no sessions (status " +
                                      std::to_string(response->status) + "): is it edge-agent?");
  }
  co_return net::with_rest(std::move(*stream), reader.take_rest());
}

net::Task<> Tunnel::relay(SessionRequest request) {
  auto self = shared_from_this();
  live_changed(+1);
  auto socket =
      std::make_unique<net::SocketStream>(net::adopt_socket(executor_, request.descriptor));
  auto& watched = socket->socket();
  auto client =
      std::shared_ptr<net::Stream>(net::with_rest(std::move(socket), std::move(request.rest)));
  auto far = co_await upgrade(request);
  const auto host_key = parts_.registry.host_key(caller_.endpoint, caller_.instance);
  if (far && host_key.empty()) far = fail(Errc::removed, "the node was disassociated meanwhile");
  if (!far) {
    live_changed(-1);
    auto response = error_response(far.error());
    response.keep_alive = false;
    co_await net::write_response(*client, std::move(response));
    co_return;
  }
  auto agent = std::shared_ptr<net::Stream>(std::move(*far));
  net::Response switched;
  switched.status = 101;
  switched.headers = {{"Connection", "Upgrade"},
                      {"Upgrade", "ssh"},
                      {"Edge-Session", request.session->id.text},
                      {"Edge-Instance", caller_.instance.text},
                      {"Edge-Host-Key", host_key}};
  request.session->instance = caller_.instance;
  request.session->tunnel = id_;
  request.session->way = way_;
  const auto close_both = [near = std::weak_ptr(client), far = std::weak_ptr(agent)] {
    if (const auto stream = near.lock()) stream->close();
    if (const auto stream = far.lock()) stream->close();
  };
  request.session->end.on_ask(executor_, close_both);
  parts_.registry.add_session(request.session);
  log::info("session.start", {{"session", request.session->id},
                              {"endpoint", caller_.endpoint},
                              {"tunnel", id_},
                              {"operator", request.session->operator_name}});
  if (!co_await net::write_response(*client, std::move(switched))) {
    net::RelayHooks hooks;
    hooks.on_bytes = [this, session = request.session](const net::RelayCounts& counts) {
      session->count(counts.from_far, counts.from_near, parts_.clock.steady());
      touch();
    };
    co_await net::relay(client, watched, agent, std::move(hooks));
  }
  request.session->end.forget();
  log::info("session.end", {{"session", request.session->id},
                            {"endpoint", caller_.endpoint},
                            {"bytes-in", request.session->bytes_in.load()},
                            {"bytes-out", request.session->bytes_out.load()}});
  touch();
  live_changed(-1);
  // Lost under us: the session counts as live until the registry knows, for the tunnel is then
  // wanted back.
  if (server_->alive()) {
    parts_.registry.remove_session(*request.session);
  } else {
    lost_sessions_.push_back(request.session);
  }
}

}  // namespace edge::server
