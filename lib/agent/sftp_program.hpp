// The node's own sftp-server (session.sftp-server), which serves the subsystem sftp.
#pragma once

#include <string>

#include "base/error.hpp"
#include "config/settings.hpp"

namespace edge::agent {

// As sshd does: by the account's shell, for what its files set (umask, limits). The settings' check
// keeps quotes out of the path.
std::string sftp_command(const config::AgentConfig& config);

// Whether it is there; Errc::not_found with what to do about it.
Result<void> look_for_sftp(const config::AgentConfig& config);

}  // namespace edge::agent
