#include "agent/account.hpp"

#include <pwd.h>
#include <shadow.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>

#include "base/files.hpp"
#include "base/text.hpp"

namespace edge::agent {
namespace {

constexpr std::size_t kMaxEntry = 64 * 1024;  // of passwd or shadow, with all its text
constexpr std::size_t kMaxNotice = 4'096;

bool means_unknown(int code) {
  return code == 0 || code == ENOENT || code == ESRCH || code == EBADF || code == EPERM;
}

Result<void> check_owner(const Account& account) {
  if (::geteuid() == 0 || ::geteuid() == account.user) return {};
  const auto* own = ::getpwuid(::geteuid());
  const std::string name = own ? own->pw_name : std::to_string(::geteuid());
  return fail(Errc::not_allowed,
              "this agent runs as " + name + " and cannot open a shell for " + account.name,
              "ask for the account " + name + ", or run the agent as root");
}

struct ShadowEntry {
  bool locked = false;
  long expiry = -1;
};

// Nothing says nothing: who is not root may not look, accounts from elsewhere need not have one.
ShadowEntry shadow_entry(const Account& account) {
  if (::geteuid() != 0) return {};
  std::vector<char> text(kMaxEntry);
  spwd entry{};
  spwd* found = nullptr;
  if (::getspnam_r(account.name.c_str(), &entry, text.data(), text.size(), &found) != 0 || !found) {
    return {};
  }
  return {found->sp_pwdp && is_locked(found->sp_pwdp), found->sp_expire};
}

Result<void> check_lock(const Account& account) {
  if (!shadow_entry(account).locked) return {};
  return fail(Errc::not_allowed, "the account " + account.name + " is locked");
}

Result<void> check_expiry(const Account& account) {
  using Days = std::chrono::duration<long, std::ratio<86'400>>;
  const auto today =
      std::chrono::floor<Days>(std::chrono::system_clock::now().time_since_epoch()).count();
  if (!has_expired(shadow_entry(account).expiry, today)) return {};
  return fail(Errc::not_allowed, "the account " + account.name + " has expired");
}

// Also when the request brings a shell of its own: the account was given none on purpose.
Result<void> check_shell(const Account& account) {
  if (!is_no_shell(account.shell)) return {};
  return fail(Errc::not_allowed, "the account " + account.name + " has no login shell (" +
                                     printable(account.shell) + ")");
}

Result<void> check_notices(const Account& account) {
  for (const char* path : {"/etc/nologin", "/run/nologin"}) {
    if (auto open = check_notice(account, path); !open) return open;
  }
  return {};
}

const char* default_path(const Account& account) {
  return account.user == 0 ? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
                           : "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games";
}

}  // namespace

Result<Account> find_account(const std::string& name) {
  std::vector<char> text(kMaxEntry);
  passwd entry{};
  passwd* found = nullptr;
  const int code = ::getpwnam_r(name.c_str(), &entry, text.data(), text.size(), &found);
  if (!found && means_unknown(code)) {
    return fail(Errc::not_found, "no such account: " + printable(name, 64));
  }
  if (!found) {
    return fail(Errc::unavailable,
                "cannot look up the account " + printable(name, 64) + ": " + std::strerror(code));
  }
  const std::string shell = found->pw_shell ? found->pw_shell : "";
  return Account{found->pw_name, found->pw_dir ? found->pw_dir : "",
                 shell.empty() ? "/bin/sh" : shell, found->pw_uid, found->pw_gid};
}

Result<void> may_log_in(const Account& account) {
  for (const auto check : {check_owner, check_expiry, check_notices, is_open_to_logins}) {
    if (auto allowed = check(account); !allowed) return allowed;
  }
  return {};
}

Result<void> is_open_to_logins(const Account& account) {
  if (auto open = check_lock(account); !open) return open;
  return check_shell(account);
}

Result<void> check_notice(const Account& account, const std::filesystem::path& notice) {
  std::error_code ignored;
  if (account.user == 0 || !std::filesystem::exists(notice, ignored)) return {};
  const auto content = read_file(notice, kMaxNotice);
  const auto text =
      content ? printable(content->substr(0, content->find_last_not_of('\n') + 1)) : "";
  return fail(Errc::not_allowed, "only root may log in now (" + notice.string() + ")" +
                                     (text.empty() ? "" : ": " + text));
}

bool is_locked(std::string_view password_field) {
  return password_field.starts_with("!") && password_field.find('$') != std::string_view::npos;
}

bool has_expired(long expiry, long today) {
  return expiry > 0 && today >= expiry;
}

bool is_no_shell(std::string_view path) {
  const auto name = path.substr(path.rfind('/') + 1);
  return name == "nologin" || name == "false";
}

std::vector<std::string> shell_environment(const Account& account, const std::string& shell,
                                           const SessionRequest& request,
                                           std::string_view time_zone, const Variables& exported) {
  std::map<std::string, std::string> variables{{"PATH", default_path(account)},
                                               {"MAIL", "/var/mail/" + account.name}};
  if (!time_zone.empty()) variables["TZ"] = time_zone;
  for (const auto& [name, value] : request.environment) variables[name] = value;
  for (const auto& [name, value] : exported) variables[name] = value;
  if (request.pty) variables["TERM"] = request.terminal.empty() ? "dumb" : request.terminal;
  variables["HOME"] = account.home;
  variables["USER"] = variables["LOGNAME"] = account.name;
  variables["SHELL"] = shell;
  variables["EDGE_SESSION"] = request.session;
  std::vector<std::string> lines;
  for (const auto& [name, value] : variables) lines.push_back(name + '=' + value);
  return lines;
}

}  // namespace edge::agent
