#include "control/forward/forward_status.hpp"

#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace edge::control {

const char* to_string(ForwardState state) {
  switch (state) {
    case ForwardState::connecting:
      return "connecting";
    case ForwardState::connected:
      return "connected";
    case ForwardState::paused:
      return "paused";
    case ForwardState::offline:
      break;
  }
  return "offline";
}

nlohmann::json to_json(const ForwardStatus& status) {
  nlohmann::json forwards = nlohmann::json::array();
  for (const auto& forward : status.forwards) forwards.push_back(printable(forward));
  return {{"apiVersion", "edge/v1"},
          {"id", status.id},
          {"endpoint", status.endpoint},
          {"account", printable(status.account)},
          {"started-by", printable(status.started_by)},
          {"process", status.process},
          {"detached", status.detached},
          {"log", printable(status.log, 4'096)},
          {"forwards", std::move(forwards)},
          {"state", to_string(status.state)},
          {"session", status.session},
          {"last-error", printable(status.last_error, 1'024)},
          {"since", format_rfc3339(status.since)},
          {"state-since", format_rfc3339(status.state_since)},
          {"open", status.open},
          {"connections", status.connections},
          {"refused", status.refused},
          {"bytes-in", status.bytes_in},
          {"bytes-out", status.bytes_out},
          {"limit", status.limit}};
}

}  // namespace edge::control
