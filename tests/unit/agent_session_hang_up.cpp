#include <doctest/doctest.h>
#include <poll.h>

#include <boost/asio/detached.hpp>
#include <sstream>

#include "agent/process_handle.hpp"
#include "agent/session_members.hpp"
#include "agent_session_driver.hpp"

using namespace session_test;
using edge::agent::count_members;
using edge::agent::open_process;
using edge::agent::parse_process_stat;

namespace {

bool ends_in_time(const edge::Descriptor& process) {
  constexpr int kPatience = 60'000;  // milliseconds
  pollfd wait{process.get(), POLLIN, 0};
  return ::poll(&wait, 1, kPatience) == 1;
}

pid_t number_in(const std::string& text) {
  pid_t number = 0;
  std::istringstream(text) >> number;
  return number;
}

// A shell with a child in the background, both as stubborn as the caller says.
constexpr auto kObedient = "sleep 1000 & echo $$; wait";
constexpr auto kStubborn =
    "trap '' HUP TERM; sleep 1000 & echo $$; while :; do wait; sleep 1000; done";
constexpr auto kJobs = "set -m; sleep 1000 & sleep 1000 & echo $$; wait";
constexpr auto kStopped = "echo $$; kill -STOP $$";

awaitable<void> hang_ups(const char* text, std::string signal) {
  for (const auto& request : {command(text), command_on_terminal(text)}) {
    auto session = co_await start(request);
    const pid_t shell = number_in(co_await read_until(session->output(), "\n"));
    CHECK(count_members(shell) >= 1);
    session->hang_up();
    const auto end = co_await session->ended();
    CHECK(end.signal == signal);
    CHECK(count_members(shell) == 0);
  }
}

awaitable<void> owner_goes(pid_t& shell) {
  auto session = co_await start(command(kStubborn));
  shell = number_in(co_await read_until(session->output(), "\n"));
}

awaitable<void> background_holds_pipes() {
  auto session = co_await start(command("trap '' HUP; sleep 1000 & echo $!; exit 7"));
  const pid_t left = number_in(co_await read_until(session->output(), "\n"));
  CHECK((co_await session->ended()).status == 7);
  CHECK(::kill(left, 0) == 0);
  ::kill(left, SIGKILL);
}

awaitable<void> daemon_lives_on() {
  auto session =
      co_await start(command("setsid sh -c 'echo $$; exec sleep 1000' & read x; exit 7"));
  const pid_t daemon = number_in(co_await read_until(session->output(), "\n"));
  co_await write(*session, "\n");
  CHECK((co_await session->ended()).status == 7);
  session.reset();
  CHECK(::kill(daemon, 0) == 0);
  ::kill(daemon, SIGKILL);
}

awaitable<void> group_is_told() {
  auto session = co_await start(command("sleep 1000 & echo $!; read x; exit 7"));
  const pid_t left = number_in(co_await read_until(session->output(), "\n"));
  const auto handle = open_process(left);
  REQUIRE(handle);
  session->close_input();
  CHECK((co_await session->ended()).status == 7);
  CHECK(ends_in_time(handle));
}

awaitable<void> session_process_killed() {
  auto session = co_await start(command("echo $$ $PPID; exec sleep 1000"));
  const auto ids = co_await read_until(session->output(), "\n");
  const auto shell = open_process(number_in(ids));
  REQUIRE(shell);
  ::kill(number_in(ids.substr(ids.find(' '))), SIGKILL);
  const auto end = co_await session->ended();
  CHECK(end.message.starts_with("the session process ended unexpectedly"));
  CHECK(end.status == 255);
  CHECK(ends_in_time(shell));
}

// Tells the ids of the shell and of the session process, then lives until it is killed.
awaitable<void> be_an_agent(int report, std::string program) {
  auto session = edge::agent::start_session(
      co_await asio::this_coro::executor, program,
      command("trap '' HUP; sleep 1000 & echo $$ $PPID; while :; do sleep 1000; done"));
  if (!session || !co_await (*session)->started()) ::_exit(1);
  const auto ids = co_await read_until((*session)->output(), "\n");
  if (::write(report, ids.data(), ids.size()) < 0) ::_exit(1);
  co_await (*session)->ended();
}

pid_t fork_agent(int report, const std::string& program) {
  const pid_t agent = ::fork();
  if (agent != 0) return agent;
  asio::io_context loop;
  asio::co_spawn(loop, be_an_agent(report, program), asio::detached);
  loop.run();
  ::_exit(1);
}

}  // namespace

TEST_CASE("a hang-up leaves no process of the session") {
  drive(hang_ups(kObedient, "HUP"));
  drive(hang_ups(kJobs, "HUP"));
  drive(hang_ups(kStopped, "HUP"));
}

TEST_CASE("what ignores a hang-up is killed after the grace") {
  drive(hang_ups(kStubborn, "KILL"));
}

TEST_CASE("a session whose owner is gone is hung up") {
  pid_t shell = 0;
  drive(owner_goes(shell));  // its loop ends with the session process
  REQUIRE(shell > 0);
  CHECK(count_members(shell) == 0);
}

TEST_CASE("a session whose agent was killed is hung up") {
  int report[2];
  REQUIRE(::pipe(report) == 0);
  const pid_t agent = fork_agent(report[1], agent_program());
  ::close(report[1]);
  std::string text(64, '\0');
  REQUIRE(::read(report[0], text.data(), text.size()) > 0);
  ::close(report[0]);
  pid_t shell = 0;
  pid_t session = 0;
  std::istringstream(text) >> shell >> session;
  const auto handle = open_process(session);
  REQUIRE(handle);
  CHECK(count_members(shell) >= 2);
  ::kill(agent, SIGKILL);
  ::waitpid(agent, nullptr, 0);
  CHECK(ends_in_time(handle));
  CHECK(count_members(shell) == 0);
}

TEST_CASE("a shell whose session process was killed is hung up, and the end says so") {
  drive(session_process_killed());
}

TEST_CASE("a session ends with its shell, though a background process holds the pipes") {
  drive(background_holds_pipes());
}

TEST_CASE("a daemon with a session of its own outlives the shell") {
  drive(daemon_lives_on());
}

TEST_CASE("what is left of the shell's process group is hung up when the shell ends") {
  drive(group_is_told());
}

TEST_CASE("the session of a process is read past a name that imitates the fields after it") {
  const struct {
    const char* text;
    char state;
    pid_t session;
  } cases[] = {{"7 (sh) S 1 7 7 0 -1", 'S', 7},
               {"7 (a) S 1 2 3) R 1 7 9 0", 'R', 9},
               {"7 (x y) Z 1 1 12", 'Z', 12},
               {"7 (sh) S 1 7", '?', 0},
               {"7 (sh) S 1 7 x 0", '?', 0},
               {"7 sh S 1 7 7", '?', 0},
               {"", '?', 0}};
  for (const auto& row : cases) {
    CAPTURE(row.text);
    const auto stat = parse_process_stat(row.text);
    CHECK(stat.has_value() == (row.state != '?'));
    if (!stat) continue;
    CHECK(stat->state == row.state);
    CHECK(stat->session == row.session);
  }
}
