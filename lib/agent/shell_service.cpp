#include "agent/shell_service.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <boost/asio/write.hpp>

#include "agent/agent_forward.hpp"
#include "agent/asked_account.hpp"
#include "agent/pam_session.hpp"
#include "agent/pump_buffer.hpp"
#include "agent/session_forwards.hpp"
#include "agent/session_process.hpp"
#include "agent/session_sockets.hpp"
#include "agent/sftp_program.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "net/deadline.hpp"
#include "net/notify.hpp"
#include "net/socket_stream.hpp"

namespace edge::agent {
namespace {

constexpr milliseconds kLoginDeadline{20'000};
constexpr milliseconds kQuiet{
    200};  // how long an ended shell's output may be silent before it is over

using Pipe = net::asio::posix::stream_descriptor;

// What the three pumps of one shell share.
struct Pumps {
  std::shared_ptr<ssh::ShellChannel> channel;
  std::unique_ptr<SessionProcess> process;
  bool ended = false;  // the shell: what is still in its pipes is sent, nothing more is waited for
  int outputs = 0;     // directions still running
  std::shared_ptr<net::Notify> bell;
};

net::Task<> pump_input(std::shared_ptr<Pumps> pumps) {
  PumpBuffer buffer;
  for (;;) {
    const auto room = buffer.room();
    auto [error, size] = co_await pumps->channel->stream().read_some(room);
    if (error == net::asio::error::eof) {
      pumps->process->close_input();
      co_return;
    }
    if (error) co_return;  // the operator has gone: watch_operator hangs up
    auto [failed, written] = co_await net::asio::async_write(
        pumps->process->input(), net::asio::buffer(buffer.data(), size), net::as_values);
    if (failed) co_return;  // the command does not read any more: no failure
    buffer.note(size);
  }
}

// Reads until the end of output. Once the shell has ended, a silence is the end too: a daemon that
// it left behind may hold the pipe open for ever.
net::Task<> pump_output(std::shared_ptr<Pumps> pumps, Pipe* from, bool is_error) {
  PumpBuffer buffer;
  bool told = false;  // a read that was cut short by the end of the shell is tried again, quietly
  for (;;) {
    std::size_t size = 0;
    net::error_code error;
    {
      const bool quiet = pumps->ended;
      std::optional<net::Deadline> bound;
      if (quiet) bound.emplace(from->get_executor(), kQuiet, [from] { from->cancel(); });
      const auto room = buffer.room();
      auto [failed, read] = co_await from->async_read_some(room, net::as_values);
      error = failed;
      size = read;
      if (error == net::asio::error::operation_aborted && pumps->ended && !quiet && !told) {
        told = true;
        continue;
      }
    }
    if (error) break;
    const auto bytes = net::asio::buffer(buffer.data(), size);
    net::error_code failed;
    if (is_error) {
      failed = co_await pumps->channel->write_error(bytes);
    } else {
      failed = co_await pumps->channel->stream().write(bytes);
    }
    if (failed) break;
    buffer.note(size);
  }
  --pumps->outputs;
  pumps->bell->ring();
}

net::Task<> watch_end(std::shared_ptr<Pumps> pumps, SessionEnd* end) {
  *end = co_await pumps->process->ended();
  pumps->ended = true;
  pumps->process->output().cancel();
  if (auto* errors = pumps->process->error_output()) errors->cancel();
  pumps->bell->ring();
}

// Whoever reads or writes at that moment, and also when nobody does: an operator who is gone hangs
// the shell up.
net::Task<> watch_operator(std::shared_ptr<Pumps> pumps) {
  co_await pumps->channel->closed();
  if (!pumps->ended) pumps->process->hang_up();
}

void set_window(SessionProcess& process, int columns, int rows, int x_pixels, int y_pixels) {
  auto bounded = [](int value) { return static_cast<std::uint16_t>(std::clamp(value, 0, 65'535)); };
  process.resize({bounded(columns), bounded(rows), bounded(x_pixels), bounded(y_pixels)});
}

SessionRequest request_for(const ssh::ShellOrder& order, const std::string& account,
                           const config::AgentConfig& config, std::string session) {
  SessionRequest request;
  request.session = std::move(session);
  request.account = account;
  if (order.subsystem == ssh::kSftp) {
    request.command = sftp_command(config);
  } else {
    request.command = order.command;
    request.subsystem = order.subsystem;
  }
  request.forward_agent = order.forward_agent;
  request.shell = config.shell;
  request.hang_up_grace = config.hang_up_grace;
  if (order.pty) {
    auto bounded = [](int value) {
      return static_cast<std::uint16_t>(std::clamp(value, 0, 65'535));
    };
    request.pty = WindowSize{bounded(order.pty->columns), bounded(order.pty->rows),
                             bounded(order.pty->x_pixels), bounded(order.pty->y_pixels)};
    request.terminal = order.pty->terminal;
  }
  for (const auto& [name, value] : order.environment) {
    if (matches_any(config.accept_env, name)) request.environment.emplace_back(name, value);
  }
  return request;
}

// Asked once: a service file that goes while the agent runs must not weaken what it asks for.
bool find_pam() {
  if (::geteuid() != 0) return false;
  if (find_pam_service()) return true;
  log::warning("agent.no-pam", {{"missing", "/etc/pam.d/edge-agent"},
                                {"shipped-as", "packaging/pam/edge-agent"},
                                {"instead", "own checks of accounts"}});
  return false;
}

}  // namespace

bool matches_any(const std::vector<std::string>& patterns, const std::string& text) {
  for (const auto& pattern : patterns) {
    if (::fnmatch(pattern.c_str(), text.c_str(), 0) == 0) return true;
  }
  return false;
}

ShellService::ShellService(net::asio::any_io_executor executor, const config::AgentConfig& config,
                           Secret host_key, std::string program, Start start)
    : executor_(executor),
      config_(config),
      identity_(host_key),
      program_(std::move(program)),
      start_(std::move(start)),
      needs_pam_(find_pam()) {}

net::Task<> ShellService::serve(std::shared_ptr<net::Stream> stream, SessionTerms terms,
                                std::function<void()> on_bytes) {
  auto ends = net::socket_pair();  // libssh wants a descriptor
  if (!ends) {
    log::error("session.failed", {{"session", terms.id}, {"reason", ends.error().message}});
    co_return;
  }
  ++live_;
  net::TaskGroup shells(executor_), input(executor_), output(executor_);
  auto near_end = std::make_shared<net::SocketStream>(net::adopt_socket(executor_, ends->second));
  {
    SessionForwards forwards(executor_, config_, budget_, program_, terms.id, needs_pam_);
    SessionSockets sockets(executor_, config_, budget_, program_, terms.id, needs_pam_);
    auto server = std::make_unique<ssh::ShellServer>(
        executor_, ends->first, identity_, terms.login_key,
        [&](std::shared_ptr<ssh::ShellChannel> channel) {
          const bool is_socket = channel->order().subsystem == ssh::kUnixSockets;
          shells.spawn("session.shell", is_socket ? sockets.run(std::move(channel))
                                                  : run_shell(std::move(channel), terms.id));
        },
        forwards.hooks());
    forwards.serve(server.get());
    sockets.serve(server.get());
    std::uint64_t in = 0, out = 0;
    input.spawn("session.in", net::copy(*stream, *near_end, in, on_bytes));
    output.spawn("session.out", net::copy(*near_end, *stream, out, on_bytes));
    auto established = co_await server->establish(kLoginDeadline);
    if (established) {
      co_await server->until_dead();
    } else {
      log::warning("session.refused",
                   {{"session", terms.id}, {"reason", established.error().message}});
    }
    server->close();
    // What the server still had to say is in the socket pair, and goes on as far as somebody takes
    // it.
    net::Deadline bound(executor_, terms.last_bytes, [&] {
      stream->close();
      near_end->close();
    });
    co_await forwards.end();
    co_await shells.join();
    server.reset();  // libssh keeps the descriptor of a session that broke, and nobody reads it
    co_await output.join();
    near_end->close();
    input.cancel();
    co_await input.join();
  }
  --live_;
}

net::Task<> ShellService::run_shell(std::shared_ptr<ssh::ShellChannel> channel,
                                    std::string session) {
  const auto& order = channel->order();
  const auto wanted = asked_account(order.account);
  const auto account = printable(wanted, 64);
  auto refuse = [&](std::string message) {
    log::warning("session.refused",
                 {{"session", session}, {"account", account}, {"reason", message}});
    return ssh::ShellEnd{0, ssh::kRefusedSignal, false, std::move(message)};
  };
  auto may = may_ask_for(config_, wanted);
  if (may && order.subsystem == ssh::kSftp) may = look_for_sftp(config_);
  if (!may) {
    co_await channel->finish(refuse(may.error().message));
    co_return;
  }
  auto pumps = std::make_shared<Pumps>();
  pumps->channel = channel;
  pumps->bell = std::make_shared<net::Notify>(executor_);
  auto request = request_for(order, wanted, config_, session);
  request.needs_pam = needs_pam_;
  auto process = start_(executor_, program_, request);
  if (process) {
    pumps->process = std::move(*process);
    auto started = co_await pumps->process->started();
    if (!started) process = started.error();
  }
  if (!pumps->process || !process) {
    co_await channel->finish(refuse(process.error().message));
    co_return;
  }
  log::info("session.shell",
            {{"session", session}, {"account", account}, {"pty", order.pty ? "yes" : "no"}});
  // A window that changed while the shell was starting.
  if (order.pty)
    set_window(*pumps->process, order.pty->columns, order.pty->rows, order.pty->x_pixels,
               order.pty->y_pixels);
  channel->on_resize = [raw = pumps.get()](int columns, int rows, int x_pixels, int y_pixels) {
    set_window(*raw->process, columns, rows, x_pixels, y_pixels);
  };
  channel->on_signal = [raw = pumps.get()](const std::string& name) { raw->process->signal(name); };

  SessionEnd end;
  net::TaskGroup tasks(executor_);
  pumps->outputs = pumps->process->error_output() ? 2 : 1;
  tasks.spawn("shell.input", pump_input(pumps));
  tasks.spawn("shell.output", pump_output(pumps, &pumps->process->output(), false));
  if (auto* errors = pumps->process->error_output())
    tasks.spawn("shell.error", pump_output(pumps, errors, true));
  tasks.spawn("shell.end", watch_end(pumps, &end));
  tasks.spawn("shell.operator", watch_operator(pumps));
  if (auto listener = pumps->process->agent_listener())
    tasks.spawn("shell.agent", forward_agent(channel, std::move(listener), budget_));
  while (pumps->outputs > 0) co_await pumps->bell->wait(milliseconds{60'000});
  // The command may go on: whoever reads what it printed need not wait for that.
  if (!pumps->ended) co_await channel->stream().shutdown_write();
  while (!pumps->ended) co_await pumps->bell->wait(milliseconds{60'000});
  channel->on_resize = nullptr;
  channel->on_signal = nullptr;
  // A name: gcc 12 destroys a braced temporary inside a co_await expression twice.
  const ssh::ShellEnd report{end.status, end.signal, end.core_dumped, end.message};
  co_await channel->finish(report);  // closes the channel: the input pump's read ends
  tasks.cancel();                    // and its write, should nobody read it
  co_await tasks.join();
  log::info("session.shell-end",
            {{"session", session}, {"status", end.status}, {"signal", end.signal}});
}

}  // namespace edge::agent
