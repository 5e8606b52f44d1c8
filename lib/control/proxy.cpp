#include "control/proxy.hpp"

#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <csignal>
#include <iostream>

#include "control/admin_client.hpp"
#include "control/errors_print.hpp"
#include "control/exit_code.hpp"
#include "control/known_hosts.hpp"
#include "control/local_stream.hpp"
#include "control/operator_identity.hpp"
#include "control/pause_notice.hpp"
#include "control/progress.hpp"
#include "control/session_link.hpp"
#include "control/show_waiting.hpp"
#include "control/ssh_known_hosts.hpp"

namespace edge::control {
namespace {

constexpr milliseconds kAskDeadline{5'000};
constexpr std::size_t kChunk = 128 * 1024;
constexpr milliseconds kFarewell{1'000};  // for what ssh said last, and the far side's end

// One run: the pieces that its coroutines share. Lives on proxy()'s stack.
struct Run {
  explicit Run(const ProxyOptions& given)
      : options(given),
        terminal(detect_terminal()),
        progress(std::cerr, terminal, given.quiet),
        notice(std::cerr, given.endpoint,
               given.quiet ? PauseNotice::Style::none : PauseNotice::Style::lines),
        api(given.socket, kAskDeadline),
        input(loop.get_executor(), STDIN_FILENO),
        output(loop.get_executor(), STDOUT_FILENO),
        reader(loop.get_executor(), STDOUT_FILENO) {}

  const ProxyOptions& options;
  net::asio::io_context loop{1};
  Terminal terminal;
  Progress progress;
  PauseNotice notice;
  AdminClient api;
  LocalStream input, output;
  LocalStream reader;  // of our output: whether it is there
  std::unique_ptr<SessionLink> link;
  nlohmann::json endpoint;  // as edged described it first
  std::string endpoint_id;
  int status = kExitFailure;
};

int give_up(Run& run, Error error) {
  run.progress.clear();
  // What the operator called is ssh, or what starts it: a flag of ours would not get here.
  if (error.code == Errc::offline && error.hint.ends_with("--wait 10m"))
    error.hint = "EDGECTL_WAIT=10m ssh " + run.options.endpoint + ".edge waits for it";
  print_error(std::cerr, error, {false, false});
  return exit_code(error.code);
}

net::Task<> from_stdin(Run& run) {
  auto buffer = std::make_unique<std::array<char, kChunk>>();
  const auto stream = run.link->stream();
  for (;;) {
    auto [error, size] = co_await run.input.read_some(net::asio::buffer(*buffer));
    if (error == net::asio::error::operation_aborted) co_return;
    if (error) break;
    const auto failed = co_await stream->write(net::asio::buffer(buffer->data(), size));
    if (failed) co_return;
  }
  co_await stream->shutdown_write();
}

net::Task<> to_stdout(Run& run) {
  auto buffer = std::make_unique<std::array<char, kChunk>>();
  const auto stream = run.link->stream();
  for (;;) {
    auto [error, size] = co_await stream->read_some(net::asio::buffer(*buffer));
    if (error) co_return;
    const auto failed = co_await run.output.write(net::asio::buffer(buffer->data(), size));
    if (failed) co_return;  // our reader has gone
  }
}

// ssh has gone: while the session is away nothing is written, so that no failure tells of it.
net::Task<> until_reader_gone(Run& run, net::TaskGroup& output) {
  const bool gone = co_await run.reader.reader_gone();
  if (!gone) co_return;
  const bool go_on = co_await net::sleep(kFarewell);
  if (go_on) output.cancel();
}

net::Task<Result<std::unique_ptr<SessionLink>>> open(Run& run, std::string login_key) {
  auto key = ssh::Key::generate();  // of this session alone
  if (!key) co_return key.error();
  SessionLink::Order order;
  order.socket = run.options.socket;
  order.endpoint = run.options.endpoint;
  order.endpoint_id = run.endpoint_id;
  order.instance = run.options.instance;
  order.wait = run.options.wait;
  order.login_key = std::move(login_key);
  auto link = co_await SessionLink::open(std::move(order), std::move(*key));
  co_return link;
}

Error refused_key(const Run& run, const Error& error) {
  const auto& name = run.options.endpoint;
  if (error.code != Errc::not_allowed || error.hint.empty()) return error;
  return fail(error.code, "cannot connect to " + name + ": " + error.message,
              "if the machine was replaced: edgectl endpoint disassociate " + name +
                  ", then join it again");
}

// ssh looks the host up when it has the node's key, which is after this.
Result<void> make_known(const Run& run, const OpenedSession& session) {
  const auto key = ssh::Key::from_public_line(session.host_key);
  if (!key)
    return fail(Errc::failure, "cannot connect to " + run.options.endpoint +
                                   ": edged does not say which host key its node has");
  const InstanceKey own{run.endpoint_id + "." + session.instance, key->public_line()};
  const auto& folder = run.options.state_folder;
  auto known = check_known_host(folder, own.instance, own.host_key);
  if (!known) return refused_key(run, known.error());
  return refresh_ssh_host(folder, run.options.endpoint + ".edge", [&run, &own] {
    // Again: instances may have come while this one was waited for.
    const auto now = run.api.get(endpoint_path(run.endpoint_id));
    auto keys = pinned_keys(now ? *now : run.endpoint);
    keys.insert(keys.begin(), own);
    return keys;
  });
}

net::Task<int> whole(Run& run) {
  auto identity = operator_identity(run.options.state_folder);
  if (!identity) co_return give_up(run, identity.error());
  net::TaskGroup ticking(run.loop.get_executor());
  ticking.spawn("progress", show_waiting(run.api, run.progress, run.terminal.err,
                                         run.options.endpoint, run.options.instance));
  auto link = co_await open(run, identity->public_line());
  ticking.cancel();
  co_await ticking.join();
  if (!link) co_return give_up(run, link.error());
  run.link = std::move(*link);
  const auto& session = run.link->session();
  auto known = make_known(run, session);
  if (!known) co_return give_up(run, known.error());
  run.progress.clear();
  run.link->start([&run](const SessionLink::Pause& pause) { run.notice.show(pause); });
  net::TaskGroup input(run.loop.get_executor()), output(run.loop.get_executor());
  input.spawn("stdin", from_stdin(run));
  input.spawn("reader", until_reader_gone(run, output));
  output.spawn("stdout", to_stdout(run));
  co_await output.join();
  run.input.cancel();
  input.cancel();
  const auto failure = run.link->failure();
  co_await run.link->end();
  co_await input.join();
  if (failure) {
    co_return give_up(run, fail(failure->code, "the session on " + run.options.endpoint +
                                                   " ended: " + failure->message));
  }
  co_return kExitOk;
}

}  // namespace

int proxy(const ProxyOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  Run run(options);
  run.input.make_roomy();
  run.output.make_roomy();
  auto endpoint = run.api.get(endpoint_path(options.endpoint));
  if (!endpoint) return give_up(run, endpoint.error());
  run.endpoint = std::move(*endpoint);
  run.endpoint_id = run.endpoint.value("id", "");
  auto done = [&run](std::exception_ptr failure, int status) {
    run.status = failure ? kExitFailure : status;
    run.loop.stop();
  };
  net::asio::co_spawn(run.loop, whole(run), done);
  run.loop.run();
  return run.status;
}

}  // namespace edge::control
