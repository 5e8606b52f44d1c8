// edgectl: the operators' tool. Makes the real world and hands over to program.cpp.
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "edgectl/program.hpp"

namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The XDG base folders: the variable where it is an absolute path, else below the home folder;
// empty without both.
std::filesystem::path user_folder(const char* name, const char* below_home) {
  const std::filesystem::path wanted = variable(name);
  if (wanted.is_absolute()) return wanted / "edgectl";
  const std::filesystem::path home = variable("HOME");
  return home.is_absolute() ? home / below_home / "edgectl" : std::filesystem::path();
}

}  // namespace

int main(int argc, char** argv) {
  // edged may close the socket while a request is written: that is an error to report, not a reason
  // to die.
  std::signal(SIGPIPE, SIG_IGN);
  std::ios::sync_with_stdio(false);
  const edge::SystemClock clock;
  const std::filesystem::path config_folder = user_folder("XDG_CONFIG_HOME", ".config");
  edge::edgectl::World world{std::cin,
                             std::cout,
                             std::cerr,
                             edge::control::detect_terminal(),
                             {variable("NO_COLOR"), variable("CLICOLOR_FORCE"), variable("TERM")},
                             clock,
                             config_folder.empty() ? config_folder : config_folder / "config.yaml",
                             user_folder("XDG_STATE_HOME", ".local/state")};
  return edge::edgectl::run_program({argv + 1, argv + (argc > 0 ? argc : 1)}, world);
}
