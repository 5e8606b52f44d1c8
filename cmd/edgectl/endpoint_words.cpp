#include "edgectl/endpoint_words.hpp"

#include "control/json_fields.hpp"
#include "fleet/labels.hpp"

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

std::string labels_text(const nlohmann::json& endpoint) {
  fleet::Labels labels;
  for (const auto& [key, value] : control::object_at(endpoint, "labels").items()) {
    if (value.is_string()) labels[key] = value.get<std::string>();
  }
  return fleet::print_labels(labels);
}

}  // namespace edge::edgectl
