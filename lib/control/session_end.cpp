#include "control/session_end.hpp"

#include "control/admin_client.hpp"

namespace edge::control {

std::optional<Error> why_session_ended(const AdminClient& api, const std::string& session,
                                       const std::string& endpoint) {
  if (session.empty()) return std::nullopt;
  const auto shown = api.get("/v1/sessions/" + percent_encode(session));
  if (shown || shown.error().code != Errc::removed) return std::nullopt;
  return fail(Errc::failure, "the session on " + endpoint + " ended: " + shown.error().message,
              "edgectl connect " + endpoint);
}

}  // namespace edge::control
