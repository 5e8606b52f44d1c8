#include "control/forward/forward.hpp"

#include <boost/asio/co_spawn.hpp>
#include <csignal>
#include <iostream>

#include "base/text.hpp"
#include "control/errors_print.hpp"
#include "control/forward/background.hpp"
#include "control/forward/forward_run.hpp"
#include "control/show_waiting.hpp"
#include "net/deadline.hpp"

namespace edge::control {
namespace {

constexpr milliseconds kAskDeadline{5'000};
constexpr milliseconds kEnding{8'000};
constexpr milliseconds kLongWait{3'600'000};

int give_up(ForwardRun& run, const Error& error) {
  run.progress.clear();
  if (run.begun) {
    run.voice.complain(error.message);
  } else {
    print_error(std::cerr, error, {run.options.json, false});
  }
  return exit_code(error.code);
}

Result<void> open_listeners(ForwardRun& run) {
  for (const auto& spec : run.options.specs) {
    if (!spec.listens_here()) continue;
    auto listener = LocalListener::open(run.loop.get_executor(), spec);
    if (!listener) return listener.error();
    run.near.push_back(std::move(*listener));
  }
  return {};
}

void accept(ForwardRun& run, net::TaskGroup& tasks) {
  auto listener = run.near.begin();
  for (const auto& spec : run.options.specs) {
    if (!spec.listens_here()) continue;
    (*listener++)->accept(tasks, [&run, &spec](net::Socket socket) {
      run.connections.take(std::move(socket), spec);
    });
  }
}

// Until all listeners of the node were asked for once.
net::Task<Result<void>> open_session(ForwardRun& run) {
  net::TaskGroup ticking(run.loop.get_executor());
  const AdminClient api(run.options.socket, kAskDeadline);
  ticking.spawn("progress", show_waiting(api, run.progress, run.terminal.err, run.options.endpoint,
                                         run.options.instance));
  auto opened = co_await run.session.open();
  ticking.cancel();
  co_await ticking.join();
  run.progress.clear();
  if (!opened) co_return opened;
  while (!run.far_tried && !run.stopping) co_await run.bell->wait(kLongWait);
  if (run.far_problem) co_return *run.far_problem;
  co_return Result<void>{};
}

// False: it is to go to the background, and nobody wants that any more.
bool begin(ForwardRun& run) {
  run.begun = true;
  std::vector<std::string> chosen;
  run.status.forwards = run.describe(chosen);
  for (const auto& line : run.status.forwards) run.voice.say("forwarding " + line);
  if (run.options.background == nullptr) {
    if (run.options.json) std::cout << to_json(run.status).dump(2) << "\n";
    if (!run.options.json) {
      for (const auto& place : chosen) std::cout << place << "\n";
    }
    std::cout << std::flush;
    return true;
  }
  auto said = run.status.id + "\n";
  if (run.options.json) said = to_json(run.status).dump(2) + "\n";
  const auto log = forwards_folder(run.options.state_folder) / (run.status.id + ".log");
  run.status.log = log.string();
  run.status.detached = true;
  run.signals.remove(SIGHUP);
  run.voice.move_to(log);
  for (const auto& line : run.status.forwards) run.voice.say("forwarding " + line);
  return run.options.background->go(said);
}

net::Task<> follow_signals(ForwardRun& run) {
  auto [error, number] = co_await run.signals.async_wait(net::as_values);
  if (error) co_return;
  run.stop(number == SIGINT ? kExitInterrupted : kExitOk);
}

net::Task<> keep(ForwardRun& run) {
  auto failure = co_await run.session.keep();
  if (!failure || run.stopping) co_return;
  run.failure = std::move(failure);
  run.stop(exit_code(run.failure->code));
}

net::Task<> give_up_late(ForwardRun& run) {
  const bool late = co_await net::sleep(run.options.timeout.value_or(kLongWait));
  if (!late || run.begun) co_return;
  run.failure =
      fail(Errc::timed_out, "the forward to " + run.options.endpoint + " did not stand within " +
                                format_duration(*run.options.timeout));
  run.stop(exit_code(Errc::timed_out));
}

net::Task<> work(ForwardRun& run, net::TaskGroup& tasks) {
  auto opened = co_await open_session(run);
  if (run.stopping) co_return;  // which is why it failed, if it did
  if (!opened) {
    run.failure = opened.error();
    run.stop(exit_code(opened.error().code));
    co_return;
  }
  if (!begin(run)) {
    run.stop(kExitFailure);
    co_return;
  }
  accept(run, tasks);
  tasks.spawn("forward.keep", keep(run));
}

net::Task<int> whole(ForwardRun& run) {
  net::TaskGroup tasks(run.loop.get_executor());
  tasks.spawn("forward.signals", follow_signals(run));
  tasks.spawn("forward.control", run.control->serve([&run] { return to_json(run.status).dump(); },
                                                    [&run] { run.stop(kExitOk); }));
  if (run.options.timeout) tasks.spawn("forward.timeout", give_up_late(run));
  tasks.spawn("forward.work", work(run, tasks));
  while (!run.stopping) co_await run.bell->wait(kLongWait);
  for (auto& listener : run.near) listener->close();
  // Whatever is stuck: what is still to be said to anybody has been tried for long enough.
  net::Deadline bound(run.loop.get_executor(), kEnding, [&run] { run.loop.stop(); });
  tasks.cancel();
  co_await run.session.end();
  co_await run.connections.end();
  co_await tasks.join();
  co_await run.session.end();  // one that was just being opened
  if (run.failure) co_return give_up(run, *run.failure);
  if (run.begun) run.voice.say("the forward " + run.status.id + " has ended");
  co_return run.exit_status;
}

}  // namespace

int forward(const ForwardOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  // Before the loop: an endpoint that does not exist, or a daemon that does not answer, is told at
  // once.
  const AdminClient api(options.socket, kAskDeadline);
  const auto endpoint = api.get(endpoint_path(options.endpoint));
  const auto id = endpoint ? endpoint->value("id", "") : std::string();
  ForwardRun run(options, id);
  if (auto standing = open_listeners(run); !standing) return give_up(run, standing.error());
  if (!endpoint) return give_up(run, endpoint.error());
  auto control = ForwardControl::open(run.loop.get_executor(),
                                      forwards_folder(options.state_folder), run.status.id);
  if (!control) return give_up(run, control.error());
  run.control = std::move(*control);
  run.far.on_tried = [&run](std::optional<Error> problem) {
    run.far_problem = run.begun ? std::nullopt : problem;
    run.far_tried = true;
    if (problem && run.begun) run.connections.note(problem->message);
    std::vector<std::string> chosen;
    if (run.begun) run.status.forwards = run.describe(chosen);
    run.bell->ring();
  };
  for (int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) run.signals.add(number);
  int status = kExitFailure;
  auto done = [&run, &status](std::exception_ptr failure, int code) {
    if (!failure) status = code;
    run.loop.stop();
  };
  net::asio::co_spawn(run.loop, whole(run), done);
  run.loop.run();
  return status;
}

}  // namespace edge::control
