// The registry's part for live sessions: listing them, and ending one from outside.
#include <algorithm>

#include "base/text.hpp"
#include "server/registry.hpp"

namespace edge::server {
namespace {

using nlohmann::json;

constexpr std::size_t kEndedRemembered = 1'000;  // its operator asks at once, or never

template <class Number>
json number_or_null(const std::optional<Number>& number) {
  return number ? json(*number) : json(nullptr);
}

}  // namespace

void Registry::add_session(const std::shared_ptr<LiveSession>& session) {
  with(session->endpoint, [&](Endpoint& endpoint) { endpoint.sessions[session->id] = session; });
  const std::lock_guard lock(sessions_mutex_);
  sessions_[session->id] = session->endpoint;
}

std::shared_ptr<LiveSession> Registry::session(const EndpointId& id,
                                               const SessionId& session) const {
  std::shared_ptr<LiveSession> found;
  with(id, [&](Endpoint& endpoint) {
    const auto entry = endpoint.sessions.find(session);
    if (entry != endpoint.sessions.end()) found = entry->second;
  });
  return found;
}

void Registry::move_session(const LiveSession& session, const TunnelHandle& tunnel) {
  with(session.endpoint, [&](Endpoint& endpoint) {
    const auto found = endpoint.sessions.find(session.id);
    if (found == endpoint.sessions.end()) return;
    found->second->tunnel = tunnel.id();
    found->second->way = tunnel.way();
  });
}

std::shared_ptr<SessionLimit> Registry::session_limit(const EndpointId& id) const {
  auto limit = std::shared_ptr<SessionLimit>();
  with(id, [&](Endpoint& endpoint) { limit = endpoint.limit_of_sessions(); });
  return limit ? limit : std::make_shared<SessionLimit>();
}

void Registry::remove_session(const LiveSession& session) {
  bool another = false;  // after a restart somebody else's record may have taken its place
  with(session.endpoint, [&](Endpoint& endpoint) {
    const auto found = endpoint.sessions.find(session.id);
    if (found == endpoint.sessions.end()) return;
    another = found->second.get() != &session;
    if (!another) endpoint.sessions.erase(found);
  });
  if (another) return;
  const std::lock_guard lock(sessions_mutex_);
  sessions_.erase(session.id);
}

std::vector<SessionId> Registry::session_ids() const {
  const std::lock_guard lock(sessions_mutex_);
  std::vector<SessionId> ids;
  ids.reserve(sessions_.size());
  for (const auto& [id, endpoint] : sessions_) ids.push_back(id);
  return ids;
}

template <class Fn>
bool Registry::with_session(const SessionId& id, Fn fn) const {
  EndpointId of;
  {
    const std::lock_guard lock(sessions_mutex_);
    const auto found = sessions_.find(id);
    if (found == sessions_.end()) return false;
    of = found->second;
  }
  bool there = false;
  with(of, [&](Endpoint& endpoint) {
    const auto found = endpoint.sessions.find(id);
    there = found != endpoint.sessions.end();
    if (there) fn(endpoint, *found->second);
  });
  return there;
}

bool Registry::end_session(const SessionId& id, const std::string& why) {
  return with_session(id, [&](Endpoint&, LiveSession& session) {
    const std::lock_guard lock(sessions_mutex_);
    if (!session.end.asked()) {
      ended_.emplace_back(id, why);
      if (ended_.size() > kEndedRemembered) ended_.pop_front();
    }
    session.end.ask();
  });
}

std::string Registry::why_ended(const SessionId& id) const {
  const std::lock_guard lock(sessions_mutex_);
  const auto found = std::find_if(ended_.begin(), ended_.end(),
                                  [&id](const auto& ended) { return ended.first == id; });
  return found == ended_.end() ? "" : found->second;
}

json Registry::describe_session(const SessionId& id) const {
  json view;
  const auto now = clock_.steady();
  with_session(id, [&](Endpoint& endpoint, LiveSession& session) {
    const auto instance = endpoint.instances.find(session.instance);
    const bool known = instance != endpoint.instances.end();
    const auto& login = session.login;
    view = {{"apiVersion", "edge/v1"},
            {"id", session.id.text},
            {"endpoint", endpoint.record.name},
            {"endpoint-id", endpoint.record.id.text},
            {"instance", session.instance.text},
            {"host-name", known ? printable(instance->second.record.host_name) : ""},
            {"tunnel", session.tunnel.text},
            {"way", to_string(session.way)},
            {"operator", session.operator_name},
            {"user", login.user},
            {"uid", login.uid},
            {"pid", login.pid},
            {"login-user", login.login_user},
            {"login-uid", number_or_null(login.login_uid)},
            {"login-session", number_or_null(login.login_session)},
            {"since", format_rfc3339(session.since)},
            {"bytes-in", session.bytes_in.load()},
            {"bytes-out", session.bytes_out.load()},
            {"resumes", session.resumes.load()}};
    describe_timers(session, now, view);
  });
  return view;
}

// How long it is idle, whether it is paused, and what will end it if nothing happens.
void Registry::describe_timers(const LiveSession& session, SteadyTime now, json& view) const {
  const auto input = session.last_input.get().value_or(now);
  const auto paused = session.paused_since.get();
  const milliseconds limit{session.idle_limit.load()};
  const auto state = session.end.asked() ? "ending" : paused ? "paused" : "live";
  view["state"] = state;
  view["idle"] = format_duration(std::chrono::floor<std::chrono::seconds>(now - input));
  view["paused-since"] = paused ? json(format_rfc3339(wall_of(*paused))) : json(nullptr);
  view["ends"] = nullptr;
  const auto ends = [&](SteadyTime at, const char* reason) {
    view["ends"] = {{"at", format_rfc3339(wall_of(at))}, {"for", reason}};
  };
  if (const auto given_up = session.given_up_at.get(); paused && given_up) {
    ends(*given_up, "not-resumed");
  } else if (!paused && limit.count() > 0) {
    ends(input + limit, "idle");
  }
}

}  // namespace edge::server
