// What every command of edge-agent shares.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "base/error.hpp"
#include "config/settings.hpp"

namespace edge::edge_agent {

inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitNotAllowed = 4;
inline constexpr int kExitUnreachable = 7;
inline constexpr int kExitConflict = 8;
inline constexpr int kExitSomeFailed = 10;  // doctor
// EX_CONFIG: the endpoint was removed; systemd does not start us again (RestartPreventExitStatus).
inline constexpr int kExitEndpointRemoved = 78;

struct Flags {
  std::filesystem::path config{"/etc/edge-agent/edge-agent.yaml"};
  bool config_given = false;    // then it must be there
  std::filesystem::path state;  // wins over the configuration
  std::string log_level;
};

Result<config::AgentConfig> load_config(const Flags& flags);
int complain(const Error& error);
std::string version_text();

}  // namespace edge::edge_agent
