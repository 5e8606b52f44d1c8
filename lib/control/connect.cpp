#include "control/connect.hpp"

#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <iostream>

#include "control/admin_client.hpp"
#include "control/errors_print.hpp"
#include "control/exit_code.hpp"
#include "control/known_hosts.hpp"
#include "control/local_stream.hpp"
#include "control/progress.hpp"
#include "control/raw_terminal.hpp"
#include "control/session_end.hpp"
#include "control/session_request.hpp"
#include "control/waiting_text.hpp"
#include "fleet/reason_meaning.hpp"
#include "net/notify.hpp"
#include "ssh/shell_client.hpp"

namespace edge::control {
namespace {

constexpr milliseconds kAskDeadline{5'000};
constexpr milliseconds kHandshakeDeadline{30'000};
constexpr milliseconds kProgressEvery{1'000};
constexpr std::size_t kChunk = 32 * 1024;
constexpr const char* kEndOfModes = "\0";  // TTY_OP_END: the far side's defaults

using std::chrono::steady_clock;

// One run of `connect`: the pieces that its coroutines share. Lives on connect()'s stack.
struct Run {
  explicit Run(const ConnectOptions& given)
      : options(given),
        terminal(detect_terminal()),
        progress(std::cerr, terminal, given.quiet),
        api(given.socket, kAskDeadline),
        input(loop.get_executor(), STDIN_FILENO),
        output(loop.get_executor(), STDOUT_FILENO),
        errors(loop.get_executor(), STDERR_FILENO),
        signals(loop) {}

  const ConnectOptions& options;
  net::asio::io_context loop{1};
  Terminal terminal;
  Progress progress;
  AdminClient api;
  LocalStream input, output, errors;
  net::asio::signal_set signals;
  std::unique_ptr<RawTerminal> raw;
  std::unique_ptr<ssh::ShellClient> client;
  steady_clock::time_point started = steady_clock::now();
  std::string endpoint_id, session;
  int status = kExitFailure;

  bool has_command() const { return !options.command.empty(); }
  bool wants_pty() const {
    if (options.no_pty) return false;
    return options.force_pty || (!has_command() && terminal.in);
  }
};

int give_up(Run& run, const Error& error) {
  run.progress.clear();
  if (run.raw) run.raw->restore();
  print_error(std::cerr, error, {run.options.json, false});
  return run.has_command() ? kExitFarFailure : exit_code(error.code);
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

net::Task<> show_progress(Run& run) {
  // On a terminal at once; elsewhere only what takes over a second is worth a line.
  if (!run.terminal.err && !co_await net::sleep(kProgressEvery)) co_return;
  for (;;) {
    const auto quick = run.api.with_deadline(kProgressEvery);  // blocks the loop: not for long
    if (auto endpoint = quick.get(endpoint_path(run.options.endpoint))) {
      const auto& instance = run.options.instance;
      const auto whom = (instance.empty() ? "" : instance + " of ") + run.options.endpoint;
      if (!instance.empty()) *endpoint = seen_as_instance(std::move(*endpoint), instance);
      run.progress.show(waiting_text(whom, *endpoint));
    }
    if (!co_await net::sleep(kProgressEvery)) co_return;
  }
}

net::Task<> pump_input(Run& run) {
  auto buffer = std::make_unique<std::array<char, kChunk>>();
  for (;;) {
    auto [error, size] = co_await run.input.read_some(net::asio::buffer(*buffer));
    if (error == net::asio::error::operation_aborted) co_return;
    if (error) break;
    if (co_await run.client->stream().write(net::asio::buffer(buffer->data(), size))) co_return;
  }
  co_await run.client->stream().shutdown_write();
}

net::Task<> pump_output(Run& run, bool is_error, int* running, std::shared_ptr<net::Notify> bell) {
  auto buffer = std::make_unique<std::array<char, kChunk>>();
  for (;;) {
    const auto room = net::asio::buffer(*buffer);
    net::Read read;
    if (is_error) {
      read = co_await run.client->read_error(room);
    } else {
      read = co_await run.client->stream().read_some(room);
    }
    if (read.error == net::asio::error::eof && !is_error) run.output.end();
    if (read.error) break;
    auto& target = is_error ? run.errors : run.output;
    if (co_await target.write(net::asio::buffer(buffer->data(), read.size))) {
      // Our reader has gone (EPIPE): the far side must learn it, as ssh's would.
      run.client->close();
      break;
    }
  }
  --*running;
  bell->ring();
}

// Resizes follow the terminal; the rest gives the terminal back and ends us as the signal would
// have.
net::Task<> follow_signals(Run& run) {
  for (;;) {
    auto [error, number] = co_await run.signals.async_wait(net::as_values);
    if (error) co_return;
    if (number == SIGWINCH) {
      if (run.client && run.wants_pty()) {
        const auto size = terminal_size(STDIN_FILENO, run.options.terminal);
        co_await run.client->resize(size.columns, size.rows);
      }
      continue;
    }
    run.progress.clear();
    if (run.raw) run.raw->restore();
    // Closing the connection is what hangs the far side up.
    std::_Exit(number == SIGINT ? kExitInterrupted : 128 + number);
  }
}

// Why the session ended without an end: what edged knows about it, if it is still there.
Error lost(Run& run) {
  const auto& name = run.options.endpoint;
  if (const auto why = why_session_ended(run.api, run.session, name)) return *why;
  auto code = Errc::failure;
  std::string reason;
  auto endpoint = run.api.get(endpoint_path(name));
  if (!endpoint) {
    code = endpoint.error().code;
    reason = code == Errc::unreachable ? "edged went away" : endpoint.error().message;
  } else {
    const auto why = (*endpoint)["tunnel"].value("reason", "");
    const bool open = (*endpoint)["tunnel"].value("state", "") == "open";
    reason = open ? "the far side closed it" : "the tunnel was lost";
    if (!why.empty()) reason = "the tunnel was closed: " + why;
    const auto known = fleet::reason_from_string(why);
    if (known && *known != fleet::Reason::none)
      reason += std::string("\n  which means: ") + fleet::meaning_of(*known).meaning;
  }
  return fail(code, "the connection to " + name + " was lost: " + reason,
              "edgectl connect " + name);
}

net::Task<int> carry(Run& run) {
  const auto executor = run.loop.get_executor();
  auto bell = std::make_shared<net::Notify>(executor);
  int running = 2;
  net::TaskGroup pumps(executor);
  pumps.spawn("stdin", pump_input(run));
  pumps.spawn("stdout", pump_output(run, false, &running, bell));
  pumps.spawn("stderr", pump_output(run, true, &running, bell));
  while (running > 0) co_await bell->wait(std::chrono::hours(1));
  auto end = co_await run.client->end();
  run.input.cancel();
  run.client->close();
  pumps.cancel();
  co_await pumps.join();
  if (run.raw) run.raw->restore();
  if (!end) co_return give_up(run, lost(run));
  if (end->signal == ssh::kRefusedSignal) {
    co_return give_up(run, fail(Errc::not_allowed,
                                run.options.endpoint + " refused the session: " + end->message));
  }
  if (!end->signal.empty()) {
    std::cerr << "edgectl: the command was ended by signal " << end->signal
              << (end->core_dumped ? " (core dumped)" : "") << '\n';
    co_return kExitFarFailure;
  }
  co_return end->status;
}

net::Task<int> whole(Run& run) {
  const auto executor = run.loop.get_executor();
  auto key = ssh::Key::generate();  // of this session alone
  if (!key) co_return give_up(run, key.error());
  net::TaskGroup ticking(executor);
  ticking.spawn("progress", show_progress(run));
  auto opened =
      co_await request_session(run.options.socket, run.options.endpoint, run.options.instance,
                               key->public_line(), run.options.wait);
  ticking.cancel();
  co_await ticking.join();
  if (!opened) co_return give_up(run, opened.error());

  run.session = opened->session;
  auto known = check_known_host(run.options.state_folder, run.endpoint_id + "." + opened->instance,
                                opened->host_key);
  if (!known) {
    ::close(opened->descriptor);
    co_return give_up(run, known.error());
  }
  ssh::ShellTarget target;
  target.host_key = opened->host_key;
  target.account = run.options.user.empty() ? ssh::kDefaultAccount : run.options.user;
  target.command = joined(run.options.command);
  target.environment = run.options.environment;
  target.modes = std::string(kEndOfModes, 1);
  if (run.wants_pty()) target.pty = terminal_size(STDIN_FILENO, run.options.terminal);
  auto client = co_await ssh::ShellClient::open(opened->descriptor, *key, std::move(target),
                                                kHandshakeDeadline);
  if (!client) co_return give_up(run, client.error());
  run.client = std::move(*client);
  run.progress.clear();
  if (!run.has_command() && run.terminal.err && !run.options.quiet) {
    const auto took = std::chrono::duration<double>(steady_clock::now() - run.started).count();
    std::array<char, 64> text;
    std::snprintf(text.data(), text.size(), "connected in %.2f s\n", took);
    std::cerr << text.data() << std::flush;
  }
  if (run.wants_pty()) run.raw = std::make_unique<RawTerminal>(STDIN_FILENO);
  co_return co_await carry(run);
}

}  // namespace

int connect(const ConnectOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  Run run(options);
  // Before the loop: an endpoint that does not exist, or a daemon that does not answer, is told at
  // once.
  auto endpoint = run.api.get(endpoint_path(options.endpoint));
  if (!endpoint) return give_up(run, endpoint.error());
  run.endpoint_id = endpoint->value("id", "");
  for (int number : {SIGWINCH, SIGINT, SIGTERM, SIGHUP, SIGQUIT}) run.signals.add(number);
  net::TaskGroup watching(run.loop.get_executor());
  watching.spawn("signals", follow_signals(run));
  auto done = [&](std::exception_ptr failure, int status) {
    run.status = failure ? kExitFarFailure : status;
    run.signals.cancel();
    run.client.reset();
  };
  net::asio::co_spawn(run.loop, whole(run), done);
  run.loop.run();
  return run.status;
}

}  // namespace edge::control
