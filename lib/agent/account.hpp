// Accounts of the node: who may have a shell now, and what a shell of theirs finds in its
// environment.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/session_process.hpp"
#include "base/error.hpp"

namespace edge::agent {

struct Account {
  std::string name;
  std::string home;
  std::string shell;  // never empty
  uid_t user = 0;
  gid_t group = 0;
};

// Errc::not_found when there is no such account. May block (LDAP): never call it on the agent's
// loop.
Result<Account> find_account(const std::string& name);

// Where PAM is not asked. Errc::not_allowed with the reason: another account than an unprivileged
// agent's own, a shell that is none, an account that is locked or has expired, a node that lets
// nobody in (nologin).
Result<void> may_log_in(const Account& account);

// The part of it that PAM has no word for: its account modules let a locked password pass, since
// who needs no password may still come in, and a shell that refuses is no business of theirs.
Result<void> is_open_to_logins(const Account& account);

// Refuses, with the file's text, all but root while the file (nologin) exists.
Result<void> check_notice(const Account& account, const std::filesystem::path& notice);

// "!" before a password's hash is an administrator's lock. "!" or "*" alone only mean that there is
// no password, as for root on most cloud images, and say nothing about other ways in.
bool is_locked(std::string_view password_field);

// Both in days since 1970; an expiry of 0 or less is none.
bool has_expired(long expiry, long today);

// nologin and false, wherever they are.
bool is_no_shell(std::string_view path);

using Variables = std::vector<std::pair<std::string, std::string>>;

// NAME=VALUE, one of each. The request's variables may replace PATH, MAIL and TZ, what PAM's
// modules exported replaces those as well, as in sshd; nobody replaces who the account is.
std::vector<std::string> shell_environment(const Account& account, const std::string& shell,
                                           const SessionRequest& request,
                                           std::string_view time_zone,
                                           const Variables& exported = {});

}  // namespace edge::agent
