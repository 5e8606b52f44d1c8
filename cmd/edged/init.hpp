// `edged init`: keys, certificate and configuration for a new server. Overwrites nothing.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

#include "base/error.hpp"

namespace edge::edged {

struct InitOptions {
  std::string url;                         // what agents dial to ask
  std::string tunnel;                      // what agents dial to connect
  std::string poll_listen, tunnel_listen;  // "": every address, the port of the URL
  std::filesystem::path state;  // "": /var/lib/edged, or beside a configuration elsewhere
};

CLI::App* add_init(CLI::App& app, InitOptions& options);

// What was made, for the operator to read.
Result<std::string> init(const InitOptions& options, const std::filesystem::path& config_file);

}  // namespace edge::edged
