// edgectl: the operators' tool. Makes the real world and hands over to program.cpp.
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <sstream>

#include "edgectl/program.hpp"

namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Where this program can be started from next month: as it was called, so that a link which an
// upgrade moves on is kept, and not what it points to today.
std::filesystem::path own_path(const std::string& called) {
  std::error_code error;
  const auto running = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto is_this = [&running](const std::filesystem::path& file) {
    std::error_code ignored;
    return std::filesystem::equivalent(file, running, ignored);
  };
  if (called.find('/') != std::string::npos) {
    auto file = std::filesystem::absolute(called, error).lexically_normal();
    return is_this(file) ? file : running;
  }
  std::istringstream folders(variable("PATH"));
  for (std::string folder; std::getline(folders, folder, ':');) {
    auto file = std::filesystem::path(folder) / called;
    if (file.is_absolute() && is_this(file)) return file;
  }
  return running;
}

// The XDG base folders: the variable where it is an absolute path, else below the home folder;
// empty without both.
std::filesystem::path user_folder(const char* name, const char* below_home) {
  const std::filesystem::path wanted = variable(name);
  if (wanted.is_absolute()) return wanted / "edgectl";
  const std::filesystem::path home = variable("HOME");
  return home.is_absolute() ? home / below_home / "edgectl" : std::filesystem::path();
}

std::filesystem::path home_folder() {
  std::filesystem::path home = variable("HOME");
  return home.is_absolute() ? home.lexically_normal() : std::filesystem::path();
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
                             user_folder("XDG_STATE_HOME", ".local/state"),
                             home_folder(),
                             own_path(argc > 0 ? argv[0] : "")};
  return edge::edgectl::run_program({argv + 1, argv + (argc > 0 ? argc : 1)}, world);
}
