#include "agent/sftp_program.hpp"

#include <unistd.h>

namespace edge::agent {

std::string sftp_command(const config::AgentConfig& config) {
  return "'" + config.sftp_server.string() + "'";
}

Result<void> look_for_sftp(const config::AgentConfig& config) {
  if (::access(config.sftp_server.c_str(), X_OK) == 0) return {};
  return fail(Errc::not_found, "this node cannot serve sftp: " + config.sftp_server.string() +
                                   " is not there; install the package openssh-sftp-server, or set "
                                   "session.sftp-server (scp -O copies without it)");
}

}  // namespace edge::agent
