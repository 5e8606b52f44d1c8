#include "control/waiting_text.hpp"

#include "control/json_fields.hpp"

namespace edge::control {
namespace {

// Why the last attempt failed, as far as it is known: "last attempt: lost; ", or nothing.
std::string failure_text(const nlohmann::json& endpoint) {
  const auto tunnel = endpoint.value("tunnel", nlohmann::json::object());
  auto reason = tunnel.value("reason", "");
  if (reason.empty() || tunnel.value("state", "") == "open") return "";
  for (const auto& instance : endpoint.value("instances", nlohmann::json::array())) {
    const auto detail = instance.value("failure-detail", "");
    if (!detail.empty()) reason += " (" + detail + ")";
  }
  return "last attempt: " + reason + "; ";
}

nlohmann::json find_instance(const nlohmann::json& endpoint, const std::string& wanted) {
  nlohmann::json best;
  for (const auto& instance : list_at(endpoint, "instances")) {
    const auto id = text_at(instance, "id");
    if (id == wanted || text_at(instance, "host-name") == wanted) return instance;
    if (id.starts_with(wanted)) best = instance;
  }
  return best;
}

}  // namespace

nlohmann::json seen_as_instance(nlohmann::json endpoint, const std::string& wanted) {
  auto instance = find_instance(endpoint, wanted);
  if (instance.is_null()) return endpoint;
  const auto own = object_at(instance, "tunnel");
  const bool is_its = text_at(object_at(endpoint, "tunnel"), "instance") == text_at(instance, "id");
  if (!is_its) endpoint["tunnel"] = own;
  endpoint["wait-at-most"] = is_true_at(instance, "held") ? "0s" : text_at(endpoint, "interval");
  endpoint["instances"] = nlohmann::json::array({std::move(instance)});
  return endpoint;
}

std::string waiting_text(const std::string& name, const nlohmann::json& endpoint) {
  const auto state = endpoint.value("tunnel", nlohmann::json::object()).value("state", "");
  std::string text = "connecting to " + name + ": " + failure_text(endpoint);
  if (endpoint.value("state", "") != "online") {
    text += "waiting for it to come online";
  } else if (state == "connecting") {
    text += "its agent opens a tunnel";
  } else if (state == "closing") {
    text += "its idle tunnel is closing; it will open again";
  } else if (state == "open") {
    text += "tunnel is open";
  } else {
    const auto at_most = endpoint.value("wait-at-most", "");
    text += "waiting for its check-in";
    if (!at_most.empty() && at_most != "0s" && at_most != "0ms")
      text += " (at most " + at_most + ")";
  }
  return text + "...";
}

}  // namespace edge::control
