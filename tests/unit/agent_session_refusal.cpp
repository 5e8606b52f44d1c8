#include <doctest/doctest.h>

#include <fstream>

#include "agent/pam_session.hpp"
#include "agent_session_driver.hpp"

using namespace session_test;
using edge::Errc;

namespace {

awaitable<void> refusals() {
  auto request = command("true");
  request.account = "no-such-account";
  auto reason = co_await refusal(request);
  CHECK(reason.code == Errc::not_found);
  CHECK(reason.message == "no such account: no-such-account");

  request = command("true");
  request.shell = "/no/such/shell";
  reason = co_await refusal(request);
  CHECK(reason.code == Errc::failure);
  CHECK(reason.message == "cannot run /no/such/shell: No such file or directory");
  CHECK_FALSE(reason.hint.empty());
}

awaitable<void> refuses_account_without_shell() {
  auto request = command("true");
  request.account = "daemon";
  const auto reason = co_await refusal(request);
  CHECK(reason.code == Errc::not_allowed);
  CHECK(reason.message == "the account daemon has no login shell (/usr/sbin/nologin)");
}

// Debian's account `sync` is the one that every system has, whose shell is none of those that
// refuse.
awaitable<void> another_account() {
  auto request = command("id -u; id -G; umask; echo $HOME; grep ^Groups /proc/self/status");
  request.account = "sync";
  const auto all = co_await run(request);
  CHECK(all.output == "4\n65534\n0022\n/bin\nGroups:\t65534 \n");
  CHECK(all.end.status == 0);
}

awaitable<void> no_service_of_pam() {
  auto request = command("true");
  request.needs_pam = true;
  const auto reason = co_await refusal(request);
  CHECK(reason.code == Errc::failure);
  CHECK(reason.message.find("/etc/pam.d/edge-agent is missing") != std::string::npos);
  CHECK(reason.message.find("packaging/pam/edge-agent") != std::string::npos);
}

awaitable<void> no_other_account(std::string program) {
  auto request = command("id -un");
  const auto reason = co_await refusal(request, program);
  CHECK(reason.code == Errc::not_allowed);
  CHECK(reason.message == "this agent runs as sync and cannot open a shell for root");
  request.account = "sync";
  auto session = edge::agent::start_session(co_await asio::this_coro::executor, program, request);
  REQUIRE(session.has_value());
  CHECK((co_await (*session)->started()).has_value());
  CHECK((co_await outcome(std::move(*session))).output == "sync\n");
}

awaitable<void> no_program() {
  const auto executor = co_await asio::this_coro::executor;
  const auto session = edge::agent::start_session(executor, "/no/such/program", command("true"));
  REQUIRE_FALSE(session.has_value());
  CHECK(session.error().message.starts_with("cannot run /no/such/program: No such file"));
}

awaitable<void> only_check(std::string account, std::string refused) {
  auto request = command("touch /nowhere");
  request.account = account;
  request.only_check = true;
  const auto executor = co_await asio::this_coro::executor;
  auto session = edge::agent::start_session(executor, agent_program(), request);
  REQUIRE(session.has_value());
  const auto started = co_await (*session)->started();
  CHECK((started ? "" : started.error().message) == refused);
  const auto end = co_await (*session)->ended();
  CHECK(end.status == (refused.empty() ? 0 : 255));
}

awaitable<void> program_that_says_nothing() {
  const auto reason = co_await refusal(command("true"), "/bin/true");
  CHECK(reason.message == "the control socket was closed");
}

}  // namespace

TEST_CASE("a session that cannot start says why") {
  drive(refusals());
  drive(no_program());
  drive(program_that_says_nothing());
}

TEST_CASE("an account that is only looked at is refused in the words of a session") {
  drive(only_check(own_account(), ""));
  drive(only_check("no-such-account", "no such account: no-such-account"));
}

TEST_CASE("root may open a session for another account, if that has a shell") {
  if (!is_root()) return;  // nobody else may change identity
  drive(another_account());
  drive(refuses_account_without_shell());
}

TEST_CASE("a service of PAM that went while the agent ran refuses, and is named") {
  if (edge::agent::find_pam_service()) return;  // on this machine it did not go
  drive(no_service_of_pam());
}

TEST_CASE("an agent that is not root opens sessions for its own account only") {
  if (!is_root()) return;  // it takes root to be another
  std::string folder = (std::filesystem::temp_directory_path() / "edge-session-XXXXXX").string();
  REQUIRE(::mkdtemp(folder.data()));
  const auto program = folder + "/edge-agent-as-sync";
  std::ofstream(program) << "#!/bin/sh\nexec setpriv --reuid=sync --regid=65534 --clear-groups "
                         << agent_program() << " \"$@\"\n";
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  drive(no_other_account(program));
  std::filesystem::remove_all(folder);
}

TEST_CASE("a request beyond its bounds is refused before a process is spent on it") {
  asio::io_context loop;
  auto too_long = command(std::string(100'000, 'x'));
  auto with_zero = command(std::string("a\0b", 3));
  auto nobody = command("true");
  nobody.account.clear();
  for (const auto& request : {too_long, with_zero, nobody}) {
    const auto session = edge::agent::start_session(loop.get_executor(), "/bin/true", request);
    REQUIRE_FALSE(session.has_value());
    CHECK(session.error().code == Errc::usage);
  }
}
