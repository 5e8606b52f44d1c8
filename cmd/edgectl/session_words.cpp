#include "edgectl/session_words.hpp"

#include "control/json_fields.hpp"

namespace edge::edgectl {

using control::count_at;
using control::text_at;

control::Cell session_state_cell(const nlohmann::json& session) {
  const std::string state = text_at(session, "state");
  if (state == "live") return {state, control::Colour::green};
  if (state == "paused") return {state, control::Colour::yellow};
  return {state};
}

std::string login_text(const nlohmann::json& session) {
  const std::string login = text_at(session, "login-user");
  const std::string user = text_at(session, "user") + " (uid " + count_at(session, "uid") + ")";
  if (login.empty()) return user + ", nobody logged in";
  const std::string number = count_at(session, "login-session");
  return user + ", logged in as " + login + " (uid " + count_at(session, "login-uid") +
         (number.empty() ? "" : ", session " + number) + ")";
}

std::string ends_text(const nlohmann::json& session, WallTime now) {
  const auto& ends = control::object_at(session, "ends");
  const auto at = parse_rfc3339(text_at(ends, "at"));
  if (!at) return "";
  const std::string why = text_at(ends, "for");
  const std::string when = *at <= now ? "now" : "in " + format_age(*at - now);
  if (why == "idle") return when + " unless used";
  return when + (why == "not-resumed" ? " unless it goes on" : "");
}

std::string instance_text(const nlohmann::json& session) {
  const std::string name = text_at(session, "host-name");
  return name.empty() ? text_at(session, "instance") : name;
}

}  // namespace edge::edgectl
