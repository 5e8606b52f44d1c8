// One endpoint's turn in a run of exec: its session, its command, what goes in and comes out, and
// how it ended.
#include <unistd.h>

#include <iostream>

#include "base/text.hpp"
#include "control/exec/exec_run.hpp"
#include "control/exec/far_script.hpp"
#include "control/exit_code.hpp"
#include "control/far_command.hpp"
#include "control/local_stream.hpp"
#include "control/node_connection.hpp"
#include "control/pause_notice.hpp"
#include "control/progress.hpp"
#include "control/show_waiting.hpp"
#include "net/deadline.hpp"

namespace edge::control {
namespace {

constexpr std::size_t kChunk = 32 * 1024;
// What is read at once of one of many, and of its stderr, where less is said.
constexpr std::size_t kOutput = 16 * 1024, kErrors = 4 * 1024;
constexpr milliseconds kAskDeadline{5'000};
constexpr milliseconds kForEver = std::chrono::hours(1);  // somebody rings before

std::string first_line(const std::string& text) {
  return printable(text.substr(0, text.find('\n')), 400);
}

}  // namespace

struct ExecNode::Work {
  explicit Work(const net::asio::any_io_executor& executor)
      : opening(executor), pumps(executor), changed(std::make_shared<net::Notify>(executor)) {}

  net::TaskGroup opening, pumps;
  std::shared_ptr<net::Notify> changed;
  std::unique_ptr<NodeConnection> node;
  std::unique_ptr<ssh::RemoteCommand> command;
  std::unique_ptr<LocalStream> own_input;  // ours, passed on as it comes
  std::optional<Error> error;
  struct Wish {
    ExecOutcome outcome;
    std::string reason;
  };
  std::optional<Wish> wish;  // to stop it
  bool told_pause = false;
};

ExecNode::ExecNode(ExecRun& run, std::size_t number)
    : run_(run),
      number_(number),
      target_(run.options.targets[number]),
      work_(std::make_shared<Work>(run.executor)) {}

void ExecNode::stop(ExecOutcome outcome, std::string reason) {
  if (work_->wish) return;
  work_->wish = Work::Wish{outcome, std::move(reason)};
  work_->opening.cancel();
  if (work_->own_input) work_->own_input->cancel();
  if (work_->node) work_->node->close();
}

void ExecNode::on_pause(const SessionLink::Pause& pause) {
  if (!pause.is_paused) {
    run_.fan.go_on(number_);
    run_.tells_pauses_of_edged = true;
  } else {
    run_.fan.pause(number_);
    run_.changed->ring();
  }
  if (!run_.has_notes() || work_->told_pause == pause.is_paused) return;
  // Where it is edged that is away, one line stands for all of them.
  if (pause.is_paused && pause.edged_is_away && !std::exchange(run_.tells_pauses_of_edged, false))
    return;
  work_->told_pause = pause.is_paused;
  run_.screen.note("edgectl: " +
                   (pause.is_paused ? pause_text(target_.name, pause) : target_.name + " is back"));
}

net::Task<> ExecNode::open() {
  const auto& options = run_.options;
  NodeConnection::Order order;
  order.session.socket = options.socket;
  order.session.endpoint = target_.name;
  order.session.endpoint_id = target_.id;
  if (options.is_one && options.on_offline == ExecOptions::OnOffline::wait)
    order.session.wait = options.wait;
  order.account = options.order.account;
  order.state_folder = options.state_folder;
  order.host_keys = &run_.host_keys;
  order.on_pause = [this](const SessionLink::Pause& pause) { on_pause(pause); };
  auto node = co_await NodeConnection::open(std::move(order));
  if (!node) {
    work_->error = node.error();
    co_return;
  }
  work_->node = std::move(*node);
  if (work_->wish) co_return;
  ssh::CommandOrder command;
  command.environment = options.environment;
  command.command = run_.script ? far_script_command(run_.script_size, options.order.command)
                                : far_command(options.order.command);
  auto started = co_await work_->node->run(std::move(command));
  if (started) {
    work_->command = std::move(*started);
  } else {
    work_->error = started.error();
  }
}

// For one endpoint only: of many the bar tells enough.
net::Task<> ExecNode::show_progress() {
  Progress progress(std::cerr, run_.options.terminal, run_.options.quiet);
  const AdminClient api(run_.options.socket, kAskDeadline);
  co_await show_waiting(api, progress, run_.options.terminal.err, target_.name, {});
}

net::Task<> ExecNode::give_input() {
  auto& stream = work_->command->stream();
  for (const auto& file : {run_.script, run_.input}) {
    for (std::uint64_t at = 0; file;) {
      auto bytes = file->read(at, kChunk);
      if (!bytes) {
        stop(ExecOutcome::cancelled, bytes.error().message);
        co_return;
      }
      if (bytes->empty()) break;
      at += bytes->size();
      const auto failed = co_await stream.write(net::asio::buffer(*bytes));
      if (failed) co_return;  // it does not read: no failure
    }
  }
  std::vector<char> buffer(work_->own_input ? kChunk : 0);
  while (work_->own_input) {
    const auto came = co_await work_->own_input->read_some(net::asio::buffer(buffer));
    if (came.error) break;
    const auto failed = co_await stream.write(net::asio::buffer(buffer.data(), came.size));
    if (failed) co_return;
  }
  co_await stream.shutdown_write();
}

net::Task<> ExecNode::take_output(ExecScreen::To to, int* outputs) {
  std::vector<char> buffer(to == ExecScreen::To::err ? kErrors : kOutput);
  for (;;) {
    const auto room = net::asio::buffer(buffer);
    net::Read read;
    if (to == ExecScreen::To::err) {
      read = co_await work_->command->read_error(room);
    } else {
      read = co_await work_->command->stream().read_some(room);
    }
    if (read.error) break;
    const std::string_view bytes(buffer.data(), read.size);
    const auto printed = co_await run_.printer->print(number_, to, bytes);
    if (printed) continue;
    stop(ExecOutcome::lost, first_line(printed.error().message));
    break;
  }
  --*outputs;
  work_->changed->ring();
}

ExecResult ExecNode::made(ExecOutcome outcome, std::string reason) const {
  ExecResult result;
  result.name = target_.name;
  result.outcome = outcome;
  result.reason = std::move(reason);
  result.duration =
      std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - started_);
  return result;
}

net::Task<std::optional<ExecResult>> ExecNode::result() {
  auto& work = *work_;
  if (!work.command) {
    if (work.wish) co_return made(work.wish->outcome, work.wish->reason);
    const auto error = work.error.value_or(fail(Errc::failure, "it could not be begun"));
    const bool is_waited_for = run_.options.on_offline == ExecOptions::OnOffline::wait;
    if (error.code == Errc::offline && is_waited_for && !run_.options.is_one)
      co_return std::nullopt;
    if (run_.options.is_one) run_.error = error;
    auto refused = refusal(target_.name, error);
    refused.duration = made(refused.outcome).duration;
    co_return refused;
  }
  const auto end = co_await work.command->end();
  if (work.wish) co_return made(work.wish->outcome, work.wish->reason);
  if (!end) {
    const auto failure = work.node->link().failure();
    auto reason = failure ? first_line(failure->message) : "the far side closed it";
    if (run_.options.is_one)
      run_.error = fail(failure ? failure->code : Errc::failure,
                        "the session on " + target_.name + " was lost: " + reason,
                        failure ? failure->hint : "");
    co_return made(ExecOutcome::lost, std::move(reason));
  }
  if (end->signal == ssh::kRefusedSignal) {
    if (run_.options.is_one)
      run_.error = fail(Errc::not_allowed, target_.name + " refused the session: " + end->message);
    co_return made(ExecOutcome::refused, "refused: " + first_line(end->message));
  }
  const bool good = end->signal.empty() && end->status == 0;
  auto ended = made(good ? ExecOutcome::ok : ExecOutcome::failed);
  ended.status = end->status;
  ended.signal = printable(end->signal, 32);
  co_return ended;
}

net::Task<std::optional<ExecResult>> ExecNode::live() {
  auto& work = *work_;
  std::optional<net::Deadline> limit;
  if (run_.options.timeout)
    limit.emplace(run_.executor, *run_.options.timeout, [this] {
      stop(ExecOutcome::timed_out, "after " + format_duration(*run_.options.timeout));
    });
  net::TaskGroup telling(run_.executor);
  if (run_.options.is_one) telling.spawn("exec.progress", show_progress());
  work.opening.spawn("exec.open", open());
  co_await work.opening.join();
  telling.cancel();
  co_await telling.join();
  if (work.command && !work.wish) {
    int outputs = 2;
    if (run_.options.is_one && run_.options.order.input == "-")
      work.own_input = std::make_unique<LocalStream>(run_.executor, STDIN_FILENO);
    work.pumps.spawn("exec.stdin", give_input());
    work.pumps.spawn("exec.stdout", take_output(ExecScreen::To::out, &outputs));
    work.pumps.spawn("exec.stderr", take_output(ExecScreen::To::err, &outputs));
    while (outputs > 0) co_await work.changed->wait(kForEver);
  }
  if (work.wish && work.node) work.node->close();
  auto made = co_await result();
  if (work.own_input) work.own_input->cancel();
  limit.reset();
  if (work.command) work.command->close();
  work.pumps.cancel();
  co_await work.pumps.join();
  if (work.node) co_await work.node->end();
  co_return made;
}

}  // namespace edge::control
