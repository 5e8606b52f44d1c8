// The account that an operator asks for, before anything is done as it.
#pragma once

#include <string>

#include "base/error.hpp"
#include "config/settings.hpp"
#include "net/task.hpp"

namespace edge::agent {

// As it came by SSH; "-" is the default one.
std::string asked_account(const std::string& asked);

// What session.allow-users says (Errc::not_allowed).
Result<void> may_ask_for(const config::AgentConfig& config, const std::string& account);

// Whether a session as the account would be let in, asked of a session process that then runs
// nothing: for what needs no shell (ssh -N -L).
net::Task<Result<void>> check_account(net::asio::any_io_executor executor, std::string program,
                                      std::string account, std::string session, bool needs_pam);

}  // namespace edge::agent
