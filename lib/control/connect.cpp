#include "control/connect.hpp"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <csignal>

#include "control/agent_forwarding.hpp"
#include "control/connect_run.hpp"
#include "control/errors_print.hpp"
#include "control/known_hosts.hpp"
#include "control/show_waiting.hpp"
#include "net/relay.hpp"

namespace edge::control {
namespace {

constexpr milliseconds kHandshakeDeadline{30'000};
constexpr const char* kEndOfModes = "\0";  // TTY_OP_END: the far side's defaults

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// Resizes follow the terminal; the rest gives the terminal back and ends us as the signal would
// have.
net::Task<> follow_signals(ConnectRun& run) {
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
    run.notice.take_off();
    if (run.raw) run.raw->restore();
    // Closing the connection is what hangs the far side up.
    std::_Exit(number == SIGINT ? kExitInterrupted : 128 + number);
  }
}

net::Task<> redraw(ConnectRun& run, int columns, int rows) {
  if (!run.client || rows < 2) co_return;
  co_await run.client->resize(columns, rows - 1);
  if (run.client) co_await run.client->resize(columns, rows);
}

// The status line of a pause; what it has covered the far side draws again when its window changes.
void on_pause(ConnectRun& run, const SessionLink::Pause& pause) {
  const auto size = terminal_size(STDIN_FILENO, run.options.terminal);
  run.notice.set_screen(size.columns, size.rows);
  run.notice.show(pause);
  if (!pause.is_paused && run.notice.take_off())
    run.background.spawn("redraw", redraw(run, size.columns, size.rows));
}

net::Task<Result<void>> open_link(ConnectRun& run) {
  auto key = ssh::Key::generate();  // of this session alone
  if (!key) co_return key.error();
  SessionLink::Order order;
  order.socket = run.options.socket;
  order.endpoint = run.options.endpoint;
  order.endpoint_id = run.endpoint_id;
  order.instance = run.options.instance;
  order.wait = run.options.wait;
  order.idle = run.options.idle;
  auto link = co_await SessionLink::open(std::move(order), std::move(*key));
  if (!link) co_return link.error();
  run.link = std::move(*link);
  const auto& session = run.link->session();
  co_return check_known_host(run.options.state_folder, run.endpoint_id + "." + session.instance,
                             session.host_key);
}

ssh::ShellTarget target_of(ConnectRun& run) {
  ssh::ShellTarget target;
  target.host_key = run.link->session().host_key;
  target.account = run.options.user.empty() ? ssh::kDefaultAccount : run.options.user;
  target.command = joined(run.options.command);
  target.environment = run.options.environment;
  target.modes = std::string(kEndOfModes, 1);
  if (run.wants_pty()) target.pty = terminal_size(STDIN_FILENO, run.options.terminal);
  if (!run.options.agent_socket.empty()) {
    target.on_agent = [&run](std::unique_ptr<net::Stream> far) {
      run.background.spawn("ssh-agent", forward_to_agent(std::move(far), run.options.agent_socket));
    };
  }
  return target;
}

// Our SSH client over the link: libssh wants a descriptor.
net::Task<Result<void>> open_shell(ConnectRun& run) {
  auto bridge = net::bridge(run.link->stream(), -1);
  if (!bridge) co_return bridge.error();
  run.background.spawn("bridge", std::move(bridge->work));
  run.link->start([&run](const SessionLink::Pause& pause) { on_pause(run, pause); });
  auto target = target_of(run);
  auto client = co_await ssh::ShellClient::open(bridge->descriptor, run.link->key(),
                                                std::move(target), kHandshakeDeadline);
  if (!client) {
    const auto failure = run.link->failure();
    if (!failure) co_return client.error();
    co_return fail(failure->code,
                   "the session on " + run.options.endpoint + " ended: " + failure->message,
                   failure->hint);
  }
  run.client = std::move(*client);
  co_return Result<void>{};
}

void say_connected(const ConnectRun& run) {
  if (run.has_command() || !run.terminal.err || run.options.quiet) return;
  const auto took =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - run.started).count();
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), "connected in %.2f s\n", took);
  std::cerr << text.data() << std::flush;
}

net::Task<int> session(ConnectRun& run) {
  net::TaskGroup ticking(run.loop.get_executor());
  ticking.spawn("progress", show_waiting(run.api, run.progress, run.terminal.err,
                                         run.options.endpoint, run.options.instance));
  auto linked = co_await open_link(run);
  ticking.cancel();
  co_await ticking.join();
  if (!linked) co_return give_up(run, linked.error());
  auto opened = co_await open_shell(run);
  if (!opened) co_return give_up(run, opened.error());
  run.progress.clear();
  say_connected(run);
  if (run.wants_pty()) {
    run.raw = std::make_unique<RawTerminal>(STDIN_FILENO);
    if (!run.options.quiet) run.notice.set_style(PauseNotice::Style::screen);
  }
  co_return co_await carry(run);
}

net::Task<int> whole(ConnectRun& run) {
  const auto status = co_await session(run);
  run.client.reset();
  if (run.link) co_await run.link->end();
  run.background.cancel();
  co_await run.background.join();
  co_return status;
}

}  // namespace

int give_up(ConnectRun& run, const Error& error) {
  run.progress.clear();
  if (run.raw) run.raw->restore();
  print_error(std::cerr, error, {run.options.json, false});
  return run.has_command() ? kExitFarFailure : exit_code(error.code);
}

int connect(const ConnectOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  ConnectRun run(options);
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
  };
  net::asio::co_spawn(run.loop, whole(run), done);
  run.loop.run();
  return run.status;
}

}  // namespace edge::control
