// Ctrl-C once: nothing more starts; twice: what runs is cancelled. On one endpoint the first one
// cancels, and so do signals that ask a process to end.
#include <csignal>
#include <cstdlib>

#include "control/exec/exec_run.hpp"
#include "control/exit_code.hpp"

namespace edge::control {
namespace {

constexpr milliseconds kLastWords{5'000};  // of those that are cancelled

[[noreturn]] void leave_at_once() {
  // Closing the connections is what hangs the far sides up.
  std::_Exit(kExitInterrupted);
}

net::Task<> cancel_in_time(ExecRun& run) {
  cancel_all(run);
  const bool late = co_await net::sleep(kLastWords);
  if (late) leave_at_once();
}

void stop_starting(ExecRun& run) {
  run.fan.interrupt();
  run.changed->ring();
  const auto running = run.running.size();
  if (!run.options.quiet)
    run.screen.note("edgectl: interrupted: nothing more starts; " + std::to_string(running) +
                    (running == 1 ? " runs" : " run") + " to the end (Ctrl-C again cancels)");
}

}  // namespace

void cancel_all(ExecRun& run) {
  run.cancelled = true;
  run.fan.interrupt();
  for (const auto& [number, node] : run.running) node->stop(ExecOutcome::cancelled, {});
  run.changed->ring();
}

net::Task<> follow_signals(ExecRun& run) {
  for (int interrupts = 0;;) {
    auto [error, number] = co_await run.signals.async_wait(net::as_values);
    if (error) co_return;
    ++interrupts;
    if (number == SIGINT && interrupts == 1 && !run.options.is_one) {
      stop_starting(run);
    } else if (interrupts <= 2) {
      run.background.spawn("exec.cancel", cancel_in_time(run));
    } else {
      leave_at_once();
    }
  }
}

}  // namespace edge::control
