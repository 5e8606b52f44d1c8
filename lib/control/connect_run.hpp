// One run of `edgectl connect`: the pieces that its parts share. Private to connect*.cpp. Lives on
// connect()'s stack; thread rule: its own loop.
#pragma once

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <iostream>

#include "control/admin_client.hpp"
#include "control/connect.hpp"
#include "control/exit_code.hpp"
#include "control/local_stream.hpp"
#include "control/node_connection.hpp"
#include "control/pause_notice.hpp"
#include "control/progress.hpp"
#include "control/raw_terminal.hpp"

namespace edge::control {

struct ConnectRun {
  static constexpr milliseconds kAskDeadline{5'000};

  explicit ConnectRun(const ConnectOptions& given)
      : options(given),
        terminal(detect_terminal()),
        progress(std::cerr, terminal, given.quiet),
        notice(std::cerr, given.endpoint,
               given.quiet ? PauseNotice::Style::none : PauseNotice::Style::lines),
        api(given.socket, kAskDeadline),
        input(loop.get_executor(), STDIN_FILENO),
        output(loop.get_executor(), STDOUT_FILENO),
        errors(loop.get_executor(), STDERR_FILENO),
        signals(loop),
        background(loop.get_executor()) {}

  const ConnectOptions& options;
  net::asio::io_context loop{1};
  Terminal terminal;
  Progress progress;
  PauseNotice notice;
  AdminClient api;
  LocalStream input, output, errors;
  net::asio::signal_set signals;
  net::TaskGroup background;
  std::unique_ptr<RawTerminal> raw;
  std::unique_ptr<NodeConnection> node;
  std::unique_ptr<ssh::RemoteCommand> command;
  SteadyTime started = std::chrono::steady_clock::now();
  SteadyTime last_input = started;
  std::uint64_t drawn = 0;  // bytes of the far side's that have come
  int redraws = 0;          // asked for so far
  std::string endpoint_id;
  std::optional<Error> ended_here;  // by the operator's own wish, or for being idle
  int status = kExitFailure;

  bool has_command() const { return !options.command.empty(); }
  bool wants_pty() const {
    if (options.no_pty) return false;
    return options.force_pty || (!has_command() && terminal.in);
  }
  // Whatever the far side is stuck in, it is over.
  void hang_up() {
    if (command) command->close();
    if (node) node->close();
  }
  // A line for the operator, also while the terminal is raw.
  void say(const std::string& line) { std::cerr << line << (raw ? "\r\n" : "\n") << std::flush; }
};

// Gives the terminal back, prints the error, and gives the exit status that belongs to it.
int give_up(ConnectRun& run, const Error& error);

// stdin, stdout and stderr until the session's end, escapes and the idle limit included; gives the
// exit status. connect_carry.cpp
net::Task<int> carry(ConnectRun& run);

}  // namespace edge::control
