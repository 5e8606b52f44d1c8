#include "edge-agent/flags.hpp"

#include <iostream>

#include "crypto/random.hpp"
#include "ssh/key.hpp"

namespace edge::edge_agent {

Result<config::AgentConfig> load_config(const Flags& flags) {
  config::AgentConfig config;
  std::error_code ignored;
  if (flags.config_given || std::filesystem::exists(flags.config, ignored)) {
    auto read = config::load_yaml_file(flags.config, config::describe(config));
    if (!read) return read.error();
  }
  if (!flags.state.empty()) config.state = std::filesystem::absolute(flags.state);
  if (!flags.log_level.empty() && !log::parse_level(flags.log_level, config.log_level)) {
    return fail(Errc::usage, "--log-level: debug, info, warning or error");
  }
  if (auto good = config::check(config); !good) return good.error();
  return config;
}

int complain(const Error& error) {
  std::cerr << "edge-agent: " << error.message << '\n';
  if (!error.hint.empty()) std::cerr << "  hint: " << error.hint << '\n';
  switch (error.code) {
    case Errc::usage:
      return kExitUsage;
    case Errc::not_allowed:
      return kExitNotAllowed;
    case Errc::unreachable:
    case Errc::timed_out:
    case Errc::unavailable:
      return kExitUnreachable;
    case Errc::conflict:
      return kExitConflict;
    case Errc::removed:
      return kExitEndpointRemoved;
    default:
      return kExitFailure;
  }
}

std::string version_text() {
  return std::string("edge-agent ") + EDGE_VERSION + " (libssh " + ssh::library_version() +
         ", OpenSSL " + crypto::library_version() + ")";
}

}  // namespace edge::edge_agent
