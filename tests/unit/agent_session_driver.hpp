// Drives real sessions of the program edge-agent in tests: one event loop, coroutines, one deadline
// over all.
#pragma once

#include <doctest/doctest.h>
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "agent/session_process.hpp"

namespace session_test {

namespace asio = boost::asio;
using asio::awaitable;
using asio::posix::stream_descriptor;
using edge::agent::SessionEnd;
using edge::agent::SessionProcess;
using edge::agent::SessionRequest;

inline constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

inline std::string agent_program() {
  const char* given = std::getenv("EDGE_AGENT_BINARY");
  const std::filesystem::path path =
      given ? given : std::filesystem::read_symlink("/proc/self/exe").parent_path() / "edge-agent";
  REQUIRE_MESSAGE(std::filesystem::exists(path),
                  "build edge-agent, or name it in EDGE_AGENT_BINARY: " << path.string());
  return path.string();
}

inline bool is_root() {
  return ::geteuid() == 0;
}

inline std::string own_account() {
  const auto* entry = ::getpwuid(::geteuid());
  REQUIRE(entry);
  return entry->pw_name;
}

inline SessionRequest command(std::string text) {
  SessionRequest request;
  request.session = "s-test";
  request.account = own_account();
  request.shell = "/bin/sh";
  request.command = std::move(text);
  request.hang_up_grace = edge::milliseconds{300};
  return request;
}

inline SessionRequest command_on_terminal(std::string text) {
  auto request = command(std::move(text));
  request.pty = edge::agent::WindowSize{};
  request.terminal = "xterm";
  return request;
}

// Runs until the test's coroutine and the session's process have both ended; nothing of it may be
// left to reap.
inline void drive(awaitable<void> test) {
  std::signal(SIGPIPE, SIG_IGN);  // as the agent's main does
  asio::io_context loop(1);
  bool finished = false;
  std::exception_ptr problem;
  asio::co_spawn(loop, std::move(test), [&](std::exception_ptr thrown) {
    finished = true;
    problem = thrown;
  });
  loop.run_for(std::chrono::seconds{90});
  if (problem) std::rethrow_exception(problem);
  REQUIRE_MESSAGE(finished, "the test's deadline passed");
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
  CHECK(errno == ECHILD);
}

inline awaitable<std::unique_ptr<SessionProcess>> start(SessionRequest request) {
  auto session =
      edge::agent::start_session(co_await asio::this_coro::executor, agent_program(), request);
  REQUIRE(session.has_value());
  const auto started = co_await (*session)->started();
  REQUIRE_MESSAGE(started.has_value(), (started ? "" : started.error().message));
  co_return std::move(*session);
}

// Why the session was refused.
inline awaitable<edge::Error> refusal(SessionRequest request, std::string program) {
  auto session = edge::agent::start_session(co_await asio::this_coro::executor, program, request);
  REQUIRE(session.has_value());
  const auto started = co_await (*session)->started();
  REQUIRE_FALSE(started.has_value());
  const auto end = co_await (*session)->ended();
  CHECK(end.message == started.error().message);
  co_return started.error();
}

inline awaitable<edge::Error> refusal(SessionRequest request) {
  co_return co_await refusal(std::move(request), agent_program());
}

// EOF of a pipe, EIO of a terminal.
inline awaitable<std::string> read_to_end(stream_descriptor& stream) {
  std::string all;
  std::string chunk(64 * 1024, '\0');
  for (;;) {
    const auto [error, size] = co_await stream.async_read_some(asio::buffer(chunk), kNoThrow);
    all.append(chunk, 0, size);
    if (error) co_return all;
  }
}

inline awaitable<std::string> read_until(stream_descriptor& stream, std::string mark) {
  std::string all;
  std::string chunk(4'096, '\0');
  while (all.find(mark) == std::string::npos) {
    const auto [error, size] = co_await stream.async_read_some(asio::buffer(chunk), kNoThrow);
    REQUIRE_MESSAGE(!error, "the output ended before '" << mark << "': " << all);
    all.append(chunk, 0, size);
  }
  co_return all;
}

inline awaitable<void> write(SessionProcess& session, std::string text) {
  const auto [error, size] =
      co_await asio::async_write(session.input(), asio::buffer(text), kNoThrow);
  REQUIRE_FALSE(error);
}

struct Outcome {
  std::string output;
  std::string errors;
  SessionEnd end;
};

inline awaitable<Outcome> outcome(std::unique_ptr<SessionProcess> session) {
  using namespace asio::experimental::awaitable_operators;
  Outcome all;
  if (session->error_output()) {
    std::tie(all.output, all.errors) =
        co_await (read_to_end(session->output()) && read_to_end(*session->error_output()));
  } else {
    all.output = co_await read_to_end(session->output());
  }
  all.end = co_await session->ended();
  co_return all;
}

inline awaitable<Outcome> run(SessionRequest request) {
  auto session = co_await start(std::move(request));
  session->close_input();
  co_return co_await outcome(std::move(session));
}

}  // namespace session_test
