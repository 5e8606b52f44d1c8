#include "control/exec/exec.hpp"

#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <csignal>
#include <iostream>

#include "base/text.hpp"
#include "control/errors_print.hpp"
#include "control/exec/exec_run.hpp"
#include "control/exec/exec_summary.hpp"
#include "control/exec/fan_out_bar.hpp"
#include "control/exit_code.hpp"

namespace edge::control {
namespace {

constexpr milliseconds kBarEvery{100}, kSaveEvery{1'000};
constexpr std::size_t kLargestScript = 16UL << 20U;

using Form = ExecOptions::Form;
using OnOffline = ExecOptions::OnOffline;

Names names_of(const ExecOptions& options) {
  Names names;
  for (const auto& target : options.targets) names.push_back(target.name);
  return names;
}

// A connection to edged and a bridge for each, and two files with --log-dir.
void allow_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

Result<std::unique_ptr<ExecPrinter>> make_printer(ExecRun& run) {
  const auto& options = run.options;
  const LineStyle style{options.colour_out, options.colour_err, options.terminal.out,
                        options.terminal.err};
  switch (options.form) {
    case Form::as_is:
      return print_as_is(run.screen);
    case Form::lines:
      return print_lines(run.screen, names_of(options), style);
    case Form::groups:
      return print_groups(run.screen, options.spool_folder, style);
    case Form::objects:
      return print_objects(run.screen, run.executor, options.spool_folder);
    case Form::folder:
      break;
  }
  return print_to_folder(options.log_dir, names_of(options));
}

Result<void> open_inputs(ExecRun& run) {
  const auto& order = run.options.order;
  if (!order.script.empty()) {
    auto script = InputFile::open(order.script, run.options.spool_folder);
    if (!script) return script.error();
    run.script = std::move(*script);
    auto bytes = run.script->read(0, kLargestScript + 1);
    if (!bytes) return bytes.error();
    run.script_size = bytes->size();
    if (run.script_size > kLargestScript)
      return fail(Errc::usage, order.script + " is larger than 16 MB", "edgectl cp, then exec");
  }
  if (order.input.empty() || (run.options.is_one && order.input == "-")) return {};
  auto input = InputFile::open(order.input, run.options.spool_folder);
  if (!input) return input.error();
  run.input = std::move(*input);
  return {};
}

Result<void> prepare(ExecRun& run) {
  allow_descriptors();
  if (auto opened = open_inputs(run); !opened) return opened.error();
  auto printer = make_printer(run);
  if (!printer) return printer.error();
  run.printer = std::move(*printer);
  if (!run.options.record) return {};
  auto order = run.options.order;
  order.names = names_of(run.options);
  const auto now = SystemClock().wall();
  auto record = ExecRecord::create(*run.options.record, order, now);
  if (!record) return record.error();
  run.record.emplace(std::move(*record));
  return {};
}

// What is worth a line while others go on: failures, and who is not there.
void tell(ExecRun& run, const ExecResult& result) {
  const bool skipped =
      result.outcome == ExecOutcome::offline && run.options.on_offline == OnOffline::skip;
  if (result.outcome == ExecOutcome::ok || skipped || run.options.is_one || !run.has_notes())
    return;
  auto name = std::string("edgectl:");
  if (run.options.colour_err) name = "\033[31m" + name + "\033[0m";
  run.screen.note(name + " " + result.name + ": " + why(result));
}

net::Task<> take_turn(ExecRun& run, std::size_t number) {
  if (run.cancelled) {  // between next() and this
    co_await settle(run, number, run.results[number]);
    co_return;
  }
  ExecNode node(run, number);
  run.running[number] = &node;
  auto result = co_await node.live();
  run.running.erase(number);
  if (!result) {
    run.fan.hold_back(number);
    run.changed->ring();
    co_return;
  }
  co_await settle(run, number, std::move(*result));
}

// Who is known to be offline has its turn, too, but nobody is asked.
net::Task<> pass_over(ExecRun& run, std::size_t number) {
  ExecResult result;
  result.name = run.options.targets[number].name;
  result.outcome = ExecOutcome::offline;
  co_await settle(run, number, std::move(result));
}

// Told once: what keeps one from being remembered keeps the others, too.
void save_host_keys(ExecRun& run) {
  const auto saved = run.host_keys.save();
  if (saved || std::exchange(run.told_unsaved_keys, true)) return;
  run.screen.note("edgectl: warning: host keys cannot be remembered: " + saved.error().message);
}

net::Task<> start_all(ExecRun& run) {
  const bool waits = run.options.on_offline == OnOffline::wait;
  while (!run.fan.is_over()) {
    while (const auto number = run.fan.next()) {
      const bool known_offline = !run.options.targets[*number].is_online();
      if (known_offline && !waits && !run.options.is_one) {
        run.nodes.spawn("exec.offline", pass_over(run, *number));
      } else {
        run.nodes.spawn("exec.node", take_turn(run, *number));
      }
    }
    if (run.fan.is_over()) break;
    co_await run.changed->wait(kSaveEvery);
    save_host_keys(run);
  }
  save_host_keys(run);
  co_await run.nodes.join();
}

net::Task<> move_bar(ExecRun& run) {
  for (;;) {
    winsize size{};
    const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    const unsigned columns = known ? size.ws_col : run.options.terminal.columns;
    run.screen.set_bar(bar_text(run.fan.counts(), run.so_far(), columns));
    const bool go_on = co_await net::sleep(kBarEvery);
    if (!go_on) co_return;
  }
}

net::Task<> whole(ExecRun& run) {
  net::TaskGroup screen(run.executor);
  screen.spawn("exec.screen", run.screen.run());
  if (run.screen.has_bar()) run.background.spawn("exec.bar", move_bar(run));
  if (run.fan.counts().waiting > 0 || run.options.on_offline == OnOffline::wait)
    run.background.spawn("exec.offline", wait_for_offline(run));
  co_await start_all(run);
  run.background.cancel();
  co_await run.background.join();
  co_await run.printer->finish();
  co_await run.screen.finish();
  co_await screen.join();
  run.signals.cancel();
}

int one_status(const ExecRun& run) {
  const auto& result = run.results.front();
  if (run.screen.is_broken()) return kExitFarFailure;  // nobody reads: `| head`
  if (result.outcome == ExecOutcome::cancelled) return kExitInterrupted;
  if (result.outcome == ExecOutcome::ok) return kExitOk;
  if (result.outcome == ExecOutcome::failed && result.signal.empty()) return result.status;
  const ErrorStyle style{run.options.form == Form::objects, run.options.colour_err};
  const auto said = run.error.value_or(fail(Errc::failure, result.name + ": " + why(result)));
  print_error(std::cerr, said, style);
  return kExitFarFailure;
}

int end(ExecRun& run) {
  if (run.options.is_one) return one_status(run);
  ExecSummary summary;
  summary.results = std::move(run.results);
  summary.took = run.so_far();
  summary.stopped = run.fan.stopped();
  summary.most_failures = run.options.limits.failures.value_or(0);
  summary.skips_offline = run.options.on_offline == OnOffline::skip;
  if (run.record) summary.record = run.record->file().string();
  const int status = exit_status(summary);
  if (run.options.form == Form::objects) {
    if (!run.options.quiet)
      std::cerr << summary_json(summary).dump(-1, ' ', true,
                                              nlohmann::json::error_handler_t::replace)
                << '\n';
  } else if (!run.options.quiet) {
    for (const auto& line : summary_lines(summary)) std::cerr << line << '\n';
  }
  return run.screen.is_broken() ? kExitFailure : status;
}

}  // namespace

net::Task<> settle(ExecRun& run, std::size_t number, ExecResult result) {
  co_await run.printer->ended(number, result);
  tell(run, result);
  if (run.record) {
    const auto kept = run.record->add(result);
    if (!kept) {
      run.screen.note("edgectl: warning: " + kept.error().message);
      run.record.reset();
    }
  }
  const bool skipped =
      result.outcome == ExecOutcome::offline && run.options.on_offline == OnOffline::skip;
  const bool failed = result.outcome != ExecOutcome::ok && !skipped;
  run.results[number] = std::move(result);
  run.fan.end(number, failed);
  run.changed->ring();
}

ExecRun::ExecRun(const ExecOptions& given)
    : options(given),
      fan(given.targets.size(), given.limits),
      results(given.targets.size()),
      screen(executor, given.terminal, !given.quiet && !given.dumb && !given.is_one),
      host_keys(given.state_folder),
      signals(loop),
      nodes(executor),
      background(executor) {
  const bool waits = options.on_offline == OnOffline::wait && !options.is_one;
  for (std::size_t number = 0; number < results.size(); ++number) {
    results[number].name = options.targets[number].name;
    if (waits && !options.targets[number].is_online()) fan.hold_back(number);
  }
}

Result<int> exec(const ExecOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  ExecRun run(options);
  if (auto prepared = prepare(run); !prepared) return prepared.error();
  run.screen.on_broken = [&run] { cancel_all(run); };
  for (int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) run.signals.add(number);
  net::TaskGroup watching(run.executor);
  watching.spawn("signals", follow_signals(run));
  std::exception_ptr failure;
  auto done = [&](std::exception_ptr thrown) {
    failure = thrown;
    run.signals.cancel();
  };
  net::asio::co_spawn(run.executor, whole(run), done);
  run.loop.run();
  if (failure) std::rethrow_exception(failure);
  std::cout.flush();
  return end(run);
}

}  // namespace edge::control
