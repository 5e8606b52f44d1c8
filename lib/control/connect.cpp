#include "control/connect.hpp"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <csignal>

#include "control/agent_forwarding.hpp"
#include "control/connect_run.hpp"
#include "control/errors_print.hpp"
#include "control/far_command.hpp"
#include "control/show_waiting.hpp"

namespace edge::control {
namespace {

constexpr const char* kEndOfModes = "\0";  // TTY_OP_END: the far side's defaults
constexpr milliseconds kLook{100}, kDrawPatience{1'000};

// Resizes follow the terminal; the rest gives the terminal back and ends us as the signal would
// have.
net::Task<> follow_signals(ConnectRun& run) {
  for (;;) {
    auto [error, number] = co_await run.signals.async_wait(net::as_values);
    if (error) co_return;
    if (number == SIGWINCH) {
      if (run.command && run.wants_pty()) {
        const auto size = terminal_size(STDIN_FILENO, run.options.terminal);
        co_await run.command->resize(size.columns, size.rows);
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

// Until nothing has come for a look, and with `must_draw` something before; not for ever.
net::Task<> far_side_rests(const ConnectRun& run, bool must_draw) {
  const auto before = run.drawn;
  for (milliseconds waited{}; waited < kDrawPatience; waited += kLook) {
    const auto last = run.drawn;
    const bool go_on = co_await net::sleep(kLook);
    if (!go_on) co_return;
    if (run.drawn == last && (!must_draw || run.drawn != before)) co_return;
  }
}

// The far side draws anew what a status line has covered when its window changes. One row less, and
// back: but not both at once, for a program that sees the size that it knows does not draw
// (readline 8.2, rl_resize_terminal). It has kDrawPatience to look. What it has drawn during the
// cut comes first.
net::Task<> redraw(ConnectRun& run) {
  const auto number = ++run.redraws;
  co_await far_side_rests(run, false);
  if (number != run.redraws || !run.command) co_return;  // a newer one does it
  auto size = terminal_size(STDIN_FILENO, run.options.terminal);
  if (size.rows < 2) co_return;
  co_await run.command->resize(size.columns, size.rows - 1);
  co_await far_side_rests(run, true);
  if (number != run.redraws || !run.command) co_return;
  size = terminal_size(STDIN_FILENO, run.options.terminal);
  co_await run.command->resize(size.columns, size.rows);
}

// The status line of a pause.
void on_pause(ConnectRun& run, const SessionLink::Pause& pause) {
  const auto size = terminal_size(STDIN_FILENO, run.options.terminal);
  run.notice.set_screen(size.columns, size.rows);
  run.notice.show(pause);
  if (!pause.is_paused && run.notice.take_off()) run.background.spawn("redraw", redraw(run));
}

NodeConnection::Order order_of(ConnectRun& run) {
  NodeConnection::Order order;
  order.session.socket = run.options.socket;
  order.session.endpoint = run.options.endpoint;
  order.session.endpoint_id = run.endpoint_id;
  order.session.instance = run.options.instance;
  order.session.wait = run.options.wait;
  order.session.idle = run.options.idle;
  order.account = run.options.user;
  order.state_folder = run.options.state_folder;
  order.on_pause = [&run](const SessionLink::Pause& pause) { on_pause(run, pause); };
  if (!run.options.agent_socket.empty()) {
    order.on_agent = [&run](std::unique_ptr<net::Stream> far) {
      run.background.spawn("ssh-agent", forward_to_agent(std::move(far), run.options.agent_socket));
    };
  }
  return order;
}

net::Task<Result<void>> open_node(ConnectRun& run) {
  auto node_order = order_of(run);
  auto node = co_await NodeConnection::open(std::move(node_order));
  if (!node) co_return node.error();
  run.node = std::move(*node);
  ssh::CommandOrder order;
  order.command = far_command(run.options.command);
  order.environment = run.options.environment;
  order.modes = std::string(kEndOfModes, 1);
  order.forward_agent = !run.options.agent_socket.empty();
  if (run.wants_pty()) order.pty = terminal_size(STDIN_FILENO, run.options.terminal);
  auto command = co_await run.node->run(std::move(order));
  if (!command) co_return command.error();
  run.command = std::move(*command);
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
  const auto opened = co_await open_node(run);
  ticking.cancel();
  co_await ticking.join();
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
  run.command.reset();
  if (run.node) co_await run.node->end();
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
