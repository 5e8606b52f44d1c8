#include "edgectl/endpoint_words.hpp"

#include "control/json_fields.hpp"

namespace edge::edgectl {

using control::Colour;

control::Cell state_cell(const nlohmann::json& endpoint) {
  const std::string state = control::text_at(endpoint, "state");
  if (state == "online") return {state, Colour::green};
  if (state == "offline") return {state, Colour::red};
  if (state == "new") return {state, Colour::yellow};
  return {state};
}

control::Cell tunnel_cell(const nlohmann::json& endpoint) {
  const auto& tunnel = control::object_at(endpoint, "tunnel");
  const std::string state = control::text_at(tunnel, "state");
  const std::string reason = control::text_at(tunnel, "reason");
  if (state == "open") return {state, Colour::green};
  if (state != "failed") return {state};
  return {reason.empty() ? state : state + "(" + reason + ")", Colour::red};
}

}  // namespace edge::edgectl
