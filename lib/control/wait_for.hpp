// Waiting until endpoints are online, offline, or have a tunnel. Each counts from when it was first
// so, as kubectl wait does. Survives a restart of edged.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "control/admin_client.hpp"
#include "control/targets.hpp"

namespace edge::control {

struct WaitOrder {
  std::vector<Target> targets;
  std::string what;                     // "online", "offline" or "tunnel"
  bool any = false;                     // one is enough
  bool open = false;                    // raise required meanwhile; with "tunnel"
  std::optional<milliseconds> timeout;  // nothing: however long it takes
};

// Both are called from wait_for().
struct WaitNews {
  std::function<void(const nlohmann::json& endpoint)> met;  // POST /v1/wait's item
  std::function<void(const std::string& text)> progress;
};

struct WaitOutcome {
  std::vector<nlohmann::json> met, others;  // others: those that are not so, some of many
  std::size_t waiting = 0;                  // so many of them there are
  bool done = false;                        // false: the time was over
};

// Errors: what edged says, and that it cannot be reached when it never was.
Result<WaitOutcome> wait_for(const AdminClient& api, const WaitOrder& order, const WaitNews& news);

// "2 of 3 endpoints are not online after 30s", and what they are instead.
Error late_error(const WaitOrder& order, const WaitOutcome& outcome, WallTime now);
// "shop-17 is online"
std::string met_text(const std::string& what, const std::string& name);

}  // namespace edge::control
