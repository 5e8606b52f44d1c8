#include "edgectl/forward_words.hpp"

#include "control/json_fields.hpp"

namespace edge::edgectl {

using control::Colour;
using control::text_at;

control::Cell forward_state_cell(const nlohmann::json& forward) {
  const auto state = text_at(forward, "state");
  const auto colour = state == "connected" ? Colour::green
                      : state == "paused"  ? Colour::yellow
                                           : Colour::red;
  return {state, colour};
}

std::string forward_target(const nlohmann::json& forward) {
  const auto account = text_at(forward, "account");
  return (account.empty() ? "" : account + "@") + text_at(forward, "endpoint");
}

std::string forward_specs(const nlohmann::json& forward, const char* separator) {
  std::string all;
  for (const auto& one : control::list_at(forward, "forwards")) {
    if (one.is_string()) all += (all.empty() ? "" : separator) + one.get<std::string>();
  }
  return all;
}

}  // namespace edge::edgectl
