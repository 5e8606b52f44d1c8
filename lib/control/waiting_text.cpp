#include "control/waiting_text.hpp"

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

}  // namespace

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
