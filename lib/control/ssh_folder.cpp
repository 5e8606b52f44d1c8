#include "control/ssh_folder.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <optional>

#include "base/files.hpp"
#include "base/text.hpp"
#include "control/ssh_include.hpp"

namespace edge::control {
namespace {

namespace fs = std::filesystem;

std::optional<Error> why_not(const fs::path& home) {
  const auto named = "'" + printable(home.native(), 500) + "'";
  if (home.native().find_first_of("*?[\\") != std::string::npos) {
    return fail(
        Errc::usage,
        "the home folder " + named + " has a character that ssh's Include takes for a pattern",
        "edgectl ssh-config > FILE, then ssh -F FILE NAME.edge");
  }
  struct stat status {};
  if (::stat(home.c_str(), &status) != 0)
    return fail(Errc::not_found, "there is no home folder " + named, "HOME says which");
  if (status.st_uid != ::geteuid()) {
    return fail(Errc::not_allowed, "the home folder " + named + " is another user's",
                "run it as who uses ssh; with sudo: sudo -H edgectl ssh-config --write");
  }
  return std::nullopt;
}

Result<void> make_missing_folder(const fs::path& folder) {
  std::error_code ignored;
  if (fs::exists(folder, ignored)) return {};  // its mode is its owner's choice
  return make_folder(folder, 0700);
}

// A link stays one: what it points to is replaced, as with folders of settings kept elsewhere.
fs::path behind_links(const fs::path& file) {
  std::error_code error;
  auto target = fs::canonical(file, error);
  return error ? file : target;
}

Result<bool> add_include(const fs::path& config, const std::vector<std::string>& names) {
  const auto file = behind_links(config);
  std::string before;
  mode_t mode = 0600;
  struct stat status {};
  if (::stat(file.c_str(), &status) == 0) {
    auto text = read_file(file);
    if (!text) return text.error();
    before = std::move(*text);
    mode = status.st_mode & 07777;
  }
  if (includes_for_all(before, names)) return false;
  if (auto written = write_file(file, with_include(before), mode); !written) return written.error();
  return true;
}

}  // namespace

Result<SshFolderWritten> write_ssh_folder(const fs::path& home, const std::string& text) {
  if (auto refused = why_not(home)) return *refused;
  const auto folder = home / ".ssh";
  if (auto made = make_missing_folder(folder); !made) return made.error();
  SshFolderWritten written{folder / "edge.conf", folder / "config", false};
  if (auto done = write_file(behind_links(written.include_file), text, 0600); !done)
    return done.error();
  const auto changed =
      add_include(written.config, {"edge.conf", "~/.ssh/edge.conf", written.include_file.string()});
  if (!changed) return changed.error();
  written.config_changed = *changed;
  return written;
}

}  // namespace edge::control
