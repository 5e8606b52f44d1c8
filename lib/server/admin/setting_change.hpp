// What a PATCH of settings asks for.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/time.hpp"

namespace edge::server {

struct SettingChange {
  std::string value;                        // as it is shown; "": take back what is set
  std::optional<milliseconds> for_a_while;  // then it falls back to what is set

  bool takes_back() const { return value.empty(); }
};

// {"check-in.interval": "30s", "tunnel.idle": {"value": "1h", "for": "2d"}, "check-in.hold": null}:
// every key known, every value good, or nothing changes.
Result<std::map<std::string, SettingChange>> parse_setting_changes(const std::string& body,
                                                                   bool of_endpoint);

Result<std::map<std::string, SettingChange>> parse_setting_changes(const nlohmann::json& object,
                                                                   bool of_endpoint);

}  // namespace edge::server
