// One run of `edgectl exec`: what its parts share. Private to exec*.cpp. Lives on exec()'s stack;
// thread rule: its own loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <map>
#include <memory>

#include "control/exec/exec.hpp"
#include "control/exec/exec_printer.hpp"
#include "control/exec/exec_screen.hpp"
#include "control/exec/input_file.hpp"
#include "control/known_hosts.hpp"
#include "control/session_link.hpp"
#include "net/notify.hpp"

namespace edge::control {

class ExecNode;

struct ExecRun {
  explicit ExecRun(const ExecOptions& given);

  const ExecOptions& options;
  net::asio::io_context loop{1};
  net::asio::any_io_executor executor{loop.get_executor()};
  FanOut fan;
  std::vector<ExecResult> results;  // of all, in the order of the targets
  ExecScreen screen;
  std::unique_ptr<ExecPrinter> printer;
  std::optional<ExecRecord> record;
  std::shared_ptr<InputFile> script, input;
  std::size_t script_size = 0;
  HostKeyMemory host_keys;
  bool told_unsaved_keys = false;
  net::asio::signal_set signals;
  net::TaskGroup nodes, background;
  std::map<std::size_t, ExecNode*> running;
  std::shared_ptr<net::Notify> changed{std::make_shared<net::Notify>(executor)};
  SteadyTime started = std::chrono::steady_clock::now();
  std::optional<Error> error;  // of the one endpoint, in full
  bool tells_pauses_of_edged = true;
  bool cancelled = false;

  bool has_notes() const { return !options.quiet && options.form != ExecOptions::Form::objects; }
  milliseconds so_far() const {
    return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - started);
  }
};

// The end of an endpoint's turn: shown, told, written down, and counted. exec.cpp
net::Task<> settle(ExecRun& run, std::size_t number, ExecResult result);

// Nothing starts any more, and what runs is hung up.
void cancel_all(ExecRun& run);
// exec_signals.cpp
net::Task<> follow_signals(ExecRun& run);

// Who is offline is looked at again and again, and starts when it is there; given up when the wait
// is over. exec_offline.cpp
net::Task<> wait_for_offline(ExecRun& run);

// One endpoint's turn, from its session to its end. exec_node.cpp
class ExecNode {
 public:
  ExecNode(ExecRun& run, std::size_t number);
  ExecNode(const ExecNode&) = delete;

  // Until it is over; its result. Nothing: it is offline, and is to be waited for.
  net::Task<std::optional<ExecResult>> live();
  // Hangs the far command up, and gives that as its outcome.
  void stop(ExecOutcome outcome, std::string reason);

 private:
  struct Work;
  net::Task<> open();
  net::Task<> show_progress();
  net::Task<> give_input();
  net::Task<> take_output(ExecScreen::To to, int* outputs);
  net::Task<std::optional<ExecResult>> result();
  ExecResult made(ExecOutcome outcome, std::string reason = {}) const;
  void on_pause(const SessionLink::Pause& pause);

  ExecRun& run_;
  const std::size_t number_;
  const Target& target_;
  const SteadyTime started_ = std::chrono::steady_clock::now();
  std::shared_ptr<Work> work_;
};

}  // namespace edge::control
