#include "edgectl/config_file.hpp"

namespace edge::edgectl {

std::vector<config::Key> describe(ConfigFile& config) {
  config::Key socket;
  socket.path = "socket";
  socket.target = &config.socket;
  socket.prose = "The admin socket of the edged to talk to.";
  return {socket};
}

Result<ConfigFile> load_config_file(const std::filesystem::path& path) {
  ConfigFile config;
  std::error_code unreadable;
  if (path.empty() || !std::filesystem::exists(path, unreadable)) return config;
  const auto loaded = config::load_yaml_file(path, describe(config));
  if (!loaded) return loaded.error();
  return config;
}

}  // namespace edge::edgectl
