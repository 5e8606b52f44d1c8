// ~/.config/edgectl/config.yaml: what an operator does not want to type every time.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "config/settings.hpp"

namespace edge::edgectl {

struct ConfigFile {
  std::string socket = "/run/edged/admin.sock";
};
std::vector<config::Key> describe(ConfigFile& config);

// Defaults where there is no such file.
Result<ConfigFile> load_config_file(const std::filesystem::path& path);

}  // namespace edge::edgectl
