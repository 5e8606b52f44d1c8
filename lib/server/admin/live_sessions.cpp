// Live sessions as operators see and end them.
#include <algorithm>
#include <boost/asio/post.hpp>
#include <tuple>

#include "base/log.hpp"
#include "base/text.hpp"
#include "server/admin/admin_requests.hpp"

namespace edge::server {
namespace {

using nlohmann::json;

constexpr std::size_t kListedAtOnce = 64;  // then the loop has its turn

std::vector<std::string> texts_of(const std::vector<SessionId>& ids) {
  std::vector<std::string> texts;
  for (const auto& id : ids) texts.push_back(id.text);
  return texts;
}

}  // namespace

// What a path names that is no live session (any more).
Error AdminConnection::no_session(const std::string& name) const {
  const auto shown = "session '" + printable(name, 80) + "'";
  if (const auto why = parts_.registry.why_ended(SessionId{name}); !why.empty())
    return fail(Errc::removed, shown + " was " + why, "edgectl session ls");
  const auto near = nearest(name, texts_of(parts_.registry.session_ids()));
  return fail(Errc::not_found, "no " + shown,
              near.empty() ? "edgectl session ls" : "did you mean '" + near + "'?");
}

// Oldest first.
AdminConnection::Answer AdminConnection::list_sessions(Call call) {
  std::optional<EndpointId> wanted;
  if (const auto name = call.query.find("endpoint"); name != call.query.end()) {
    wanted = parts_.registry.find(name->second);
    if (!wanted) co_return error_response(no_endpoint(name->second));
  }
  std::vector<json> sessions;
  std::size_t looked_at = 0;
  for (const auto& id : parts_.registry.session_ids()) {
    if (++looked_at % kListedAtOnce == 0)
      co_await net::asio::post(stream_.executor(), net::asio::use_awaitable);
    auto view = parts_.registry.describe_session(id);
    if (view.is_null()) continue;  // it ended meanwhile
    if (!wanted || view["endpoint-id"] == wanted->text) sessions.push_back(std::move(view));
  }
  std::sort(sessions.begin(), sessions.end(), [](const json& left, const json& right) {
    return std::tie(left["since"], left["id"]) < std::tie(right["since"], right["id"]);
  });
  co_return json_response(200, {{"apiVersion", "edge/v1"}, {"items", std::move(sessions)}});
}

AdminConnection::Answer AdminConnection::show_session(Call call) {
  const auto view = parts_.registry.describe_session(SessionId{call.name});
  if (view.is_null()) co_return error_response(no_session(call.name));
  co_return json_response(200, view);
}

AdminConnection::Answer AdminConnection::kill_session(Call call) {
  const SessionId id{call.name};
  const auto view = parts_.registry.describe_session(id);
  const auto why = "killed by " + operator_.name;
  if (view.is_null() || !parts_.registry.end_session(id, why))
    co_return error_response(no_session(call.name));
  const auto whose = view["operator"].get<std::string>();
  log::info("session.killed", {{"session", id}, {"operator", operator_.name}});
  parts_.record_event(event("session.killed", EndpointId{view["endpoint-id"]},
                            "session " + id.text + " of " + whose));
  co_return net::Response{204, {}, "", true};
}

}  // namespace edge::server
