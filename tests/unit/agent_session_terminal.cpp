#include <doctest/doctest.h>

#include "agent/session_process.hpp"
#include "agent_session_driver.hpp"

using namespace session_test;
using edge::agent::WindowSize;

namespace {

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

awaitable<void> size_and_resize() {
  auto request = command_on_terminal("stty size; read x; stty size; read x; echo $TERM");
  request.pty = WindowSize{132, 43, 0, 0};
  auto session = co_await start(request);
  CHECK(session->error_output() == nullptr);
  CHECK(holds(co_await read_until(session->output(), "\n"), "43 132\r\n"));
  session->resize({80, 25, 0, 0});
  co_await write(*session, "\n");
  co_await read_until(session->output(), "25 80\r\n");
  co_await write(*session, "\n");
  const auto all = co_await outcome(std::move(session));
  CHECK(holds(all.output, "xterm\r\n"));
  CHECK(all.end.status == 0);
}

awaitable<void> early_resize() {
  const auto executor = co_await asio::this_coro::executor;
  auto session = edge::agent::start_session(executor, agent_program(),
                                            command_on_terminal("read x; stty size"));
  REQUIRE(session.has_value());
  (*session)->resize({100, 50, 0, 0});
  REQUIRE((co_await (*session)->started()).has_value());
  co_await write(**session, "\n");
  CHECK(holds((co_await outcome(std::move(*session))).output, "50 100\r\n"));
}

awaitable<void> own_terminal() {
  const auto all = co_await run(command_on_terminal(
      "tty; stat -c '%U %G %a' $(tty); ps -o sid=,tpgid= -p $$ | xargs echo session; echo pid $$; "
      "echo here >/dev/tty"));
  CHECK(holds(all.output, "/dev/pts/"));
  CHECK(holds(all.output, own_account() + (is_root() ? " tty 620" : " ")));
  CHECK(holds(all.output, "here\r\n"));
  const auto pid = all.output.substr(all.output.find("pid ") + 4,
                                     all.output.find("\r\nhere") - all.output.find("pid ") - 4);
  CHECK(holds(all.output, "session " + pid + " " + pid));
}

awaitable<void> control_c() {
  auto session = co_await start(command_on_terminal("exec sleep 1000"));
  co_await write(*session, "\x03");
  const auto all = co_await outcome(std::move(session));
  CHECK(all.end.signal == "INT");
}

awaitable<void> signal_to_foreground() {
  auto request = command_on_terminal("");
  request.shell = "/bin/bash";
  request.environment = {{"PS1", "prompt> "}};
  auto session = co_await start(request);
  co_await write(*session, "stty -echo; PS1=; echo rea''dy\n");
  co_await read_until(session->output(), "ready");
  co_await write(*session, "sh -c 'echo pla''ying; exec sleep 1000'; echo code=$?; exit 4\n");
  co_await read_until(session->output(), "playing");
  session->signal("TERM");
  const auto all = co_await outcome(std::move(session));
  CHECK(holds(all.output, "code=143"));
  CHECK(all.end.status == 4);
}

awaitable<void> modes() {
  // ECHO off, VINTR ^X, IUTF8 left alone.
  auto request = command_on_terminal("stty -a; exec sleep 1000");
  request.modes = std::string("\x35\0\0\0\0\x01\0\0\0\x18\0", 11);
  auto session = co_await start(request);
  const auto shown = co_await read_until(session->output(), "echoke");
  CHECK(holds(shown, "intr = ^X"));
  CHECK(holds(shown, " -echo "));
  CHECK(holds(shown, " iutf8"));
  co_await write(*session, "\x18");
  CHECK((co_await outcome(std::move(session))).end.signal == "INT");
}

awaitable<void> utf8() {
  const std::string text = "Grüße, 世界 🌍";
  auto session =
      co_await start(command_on_terminal("stty -echo; echo ready; read x; echo \"<$x>\""));
  co_await read_until(session->output(), "ready");
  // With IUTF8 one backspace takes a whole character away.
  co_await write(*session, text + "ß\x7f\n");
  CHECK(holds((co_await outcome(std::move(session))).output, "<" + text + ">"));
}

awaitable<void> output_of_ended_shell() {
  auto session = co_await start(command_on_terminal("head -c 3000 /dev/zero | tr '\\0' x"));
  CHECK((co_await session->ended()).status == 0);
  CHECK(co_await read_to_end(session->output()) == std::string(3000, 'x'));
}

awaitable<void> much_output() {
  const auto all = co_await run(command_on_terminal("seq 200000"));
  CHECK(all.output.size() == 1'288'895 + 200'000);
  CHECK(all.output.ends_with("\r\n200000\r\n"));
}

}  // namespace

TEST_CASE("a terminal has the size that was asked for, and follows a resize") {
  drive(size_and_resize());
}

TEST_CASE("a resize before the shell runs is not lost") {
  drive(early_resize());
}

TEST_CASE("a terminal belongs to the account and controls the shell's session") {
  drive(own_terminal());
}

TEST_CASE("Ctrl-C on a terminal interrupts the command") {
  drive(control_c());
}

TEST_CASE("a signal goes to the job in the foreground, not to the shell") {
  drive(signal_to_foreground());
}

TEST_CASE("a terminal takes the client's modes over") {
  drive(modes());
}

TEST_CASE("a terminal takes UTF-8") {
  drive(utf8());
}

TEST_CASE("what a shell wrote before it ended can be read after its end") {
  drive(output_of_ended_shell());
}

TEST_CASE("a terminal loses nothing of a long output") {
  drive(much_output());
}
