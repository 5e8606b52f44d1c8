// Puts edge.conf into ~/.ssh and sees to it that ~/.ssh/config includes it.
#pragma once

#include <filesystem>
#include <string>

#include "base/error.hpp"

namespace edge::control {

struct SshFolderWritten {
  std::filesystem::path include_file;  // ~/.ssh/edge.conf
  std::filesystem::path config;        // ~/.ssh/config
  bool config_changed = false;         // not when it included the file already
};

// Refused before anything is written: a home folder whose name ssh could not find the file by
// (Include takes *?[ and \ for a pattern), and one that is another user's, whose ssh would refuse
// files that are not its own.
Result<SshFolderWritten> write_ssh_folder(const std::filesystem::path& home,
                                          const std::string& text);

}  // namespace edge::control
