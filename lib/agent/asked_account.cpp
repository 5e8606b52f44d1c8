#include "agent/asked_account.hpp"

#include <pwd.h>
#include <unistd.h>

#include <array>

#include "agent/session_process.hpp"
#include "agent/shell_service.hpp"
#include "base/text.hpp"

namespace edge::agent {
namespace {

std::string own_account() {
  std::array<char, 4096> buffer;
  passwd entry{};
  passwd* found = nullptr;
  ::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found);
  return found != nullptr ? found->pw_name : "root";
}

}  // namespace

std::string asked_account(const std::string& asked) {
  return asked == ssh::kDefaultAccount ? own_account() : asked;
}

Result<void> may_ask_for(const config::AgentConfig& config, const std::string& account) {
  if (matches_any(config.allow_users, account)) return {};
  return fail(Errc::not_allowed, "account " + printable(account, 64) +
                                     " may not be asked for on this node (session.allow-users)");
}

net::Task<Result<void>> check_account(net::asio::any_io_executor executor, std::string program,
                                      std::string account, std::string session, bool needs_pam) {
  SessionRequest request;
  request.account = std::move(account);
  request.session = std::move(session);
  request.only_check = true;
  request.needs_pam = needs_pam;
  auto process = start_session(executor, program, request);
  if (!process) co_return process.error();
  auto started = co_await (*process)->started();
  co_return started;
}

}  // namespace edge::agent
