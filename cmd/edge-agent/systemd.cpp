#include <spawn.h>
#include <sys/wait.h>

#include <filesystem>
#include <vector>

#include "edge-agent/commands.hpp"

namespace edge::edge_agent {

bool systemd_runs() {
  std::error_code ignored;
  return std::filesystem::exists("/run/systemd/system", ignored);
}

bool systemctl(std::initializer_list<const char*> words) {
  if (!systemd_runs()) return false;
  std::vector<char*> arguments{const_cast<char*>("systemctl")};
  for (const char* word : words) arguments.push_back(const_cast<char*>(word));
  arguments.push_back(nullptr);
  pid_t child = 0;
  if (::posix_spawnp(&child, "systemctl", nullptr, nullptr, arguments.data(), environ) != 0)
    return false;
  int status = 0;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace edge::edge_agent
