// What stock ssh reads to reach NAME.edge through `edgectl proxy`. Pure: paths in, text out. Paths
// may have any character; what ssh_config(5) cannot quote is refused.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace edge::control {

struct SshConfigPaths {               // all absolute
  std::filesystem::path program;      // edgectl
  std::filesystem::path socket;       // of edged; empty: where edgectl looks by itself
  std::filesystem::path state;        // of edgectl; empty: likewise
  std::filesystem::path known_hosts;  // both are in the state folder
  std::filesystem::path identity;
};

Result<std::string> ssh_config_text(const SshConfigPaths& paths);

// One file name of IdentityFile or UserKnownHostsFile: quoted, % doubled. ${ is refused: ssh takes
// it for a variable wherever it stands. So are control characters: a line end ends the value.
Result<std::string> ssh_file_name(const std::filesystem::path& path);
// One word of ProxyCommand: for ssh's own look at quotes, its % and the operator's shell, be that
// sh, csh or fish. Control characters are refused.
Result<std::string> proxy_command_word(std::string_view word);

}  // namespace edge::control
