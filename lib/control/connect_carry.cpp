// The life of a session that is open: what goes in and out, what the operator types to edgectl
// itself, and how it ends.
#include <array>

#include "base/text.hpp"
#include "control/connect_run.hpp"
#include "control/escape_keys.hpp"
#include "control/session_end.hpp"
#include "control/session_text.hpp"
#include "fleet/reason_meaning.hpp"
#include "net/notify.hpp"

namespace edge::control {
namespace {

constexpr std::size_t kChunk = 128 * 1024;
constexpr milliseconds kIdleWarning{60'000};

void show_status(ConnectRun& run) {
  const auto quick = run.api.with_deadline(milliseconds{1'000});  // blocks the loop: not for long
  const auto& session = run.node->link().session();
  const auto known = quick.get("/v1/sessions/" + session.session);
  const auto ping = quick.post(endpoint_path(run.options.endpoint, "/ping"), {});
  SessionFacts facts;
  facts.endpoint = run.options.endpoint;
  facts.session = session.session;
  facts.instance = session.instance;
  facts.resumes = run.node->link().resumes();
  facts.is_paused = !run.node->link().stream()->is_carried();
  if (known) facts.known = *known;
  if (ping) facts.round_trip = ping->value("round-trip-ms", -1);
  if (run.options.idle) {
    const auto idle = std::chrono::steady_clock::now() - run.last_input;
    facts.idle_left = *run.options.idle - std::chrono::duration_cast<milliseconds>(idle);
  }
  for (const auto& line : session_lines(facts)) run.say(line);
}

// True: the session is to end.
bool obey(ConnectRun& run, const EscapeKeys& keys, EscapeKeys::Command command) {
  switch (command) {
    case EscapeKeys::Command::disconnect:
      run.say("");
      run.ended_here =
          fail(Errc::failure, "the session on " + run.options.endpoint + " was ended from here");
      return true;
    case EscapeKeys::Command::help:
      std::cerr << keys.help() << std::flush;
      return false;
    case EscapeKeys::Command::status:
      run.say("");
      show_status(run);
      return false;
    case EscapeKeys::Command::none:
      return false;
  }
  return false;
}

net::Task<> pump_input(ConnectRun& run) {
  auto buffer = std::make_unique<std::array<char, kChunk>>();
  EscapeKeys keys(run.raw ? run.options.escape : std::nullopt);
  for (;;) {
    auto [error, size] = co_await run.input.read_some(net::asio::buffer(*buffer));
    if (error == net::asio::error::operation_aborted) co_return;
    if (error) break;
    run.last_input = std::chrono::steady_clock::now();
    std::string_view input(buffer->data(), size);
    while (!input.empty()) {
      const auto typed = keys.take(input);
      const auto failed = co_await run.command->stream().write(net::asio::buffer(typed.pass));
      if (failed) co_return;
      if (obey(run, keys, typed.command)) {
        run.hang_up();
        co_return;
      }
    }
  }
  co_await run.command->stream().shutdown_write();
}

net::Task<> pump_output(ConnectRun& run, bool is_error, int* running,
                        std::shared_ptr<net::Notify> bell) {
  auto buffer = std::make_unique<std::array<char, kChunk>>();
  for (;;) {
    const auto room = net::asio::buffer(*buffer);
    net::Read read;
    if (is_error) {
      read = co_await run.command->read_error(room);
    } else {
      read = co_await run.command->stream().read_some(room);
    }
    if (read.error == net::asio::error::eof && !is_error) run.output.end();
    if (read.error) break;
    run.drawn += read.size;
    auto& target = is_error ? run.errors : run.output;
    if (co_await target.write(net::asio::buffer(buffer->data(), read.size))) {
      // Our reader has gone (EPIPE): the far side must learn it, as ssh's would.
      run.hang_up();
      break;
    }
  }
  --*running;
  bell->ring();
}

// Without a key for long enough it ends; who only looks is told before.
net::Task<> watch_idle(ConnectRun& run, milliseconds limit) {
  const auto warning = std::min(kIdleWarning, limit / 2);
  std::optional<SteadyTime> warned_of;  // the silence since this key
  for (;;) {
    const auto ends = run.last_input + limit;
    const auto left = std::chrono::ceil<milliseconds>(ends - std::chrono::steady_clock::now());
    if (left.count() <= 0) break;
    if (left <= warning && warned_of != run.last_input) {
      warned_of = run.last_input;
      run.say("");
      run.say("edgectl: this session ends in " + format_duration(warning) +
              " unless a key is pressed");
    }
    const bool go_on = co_await net::sleep(left > warning ? left - warning : left);
    if (!go_on) co_return;
  }
  run.ended_here = fail(
      Errc::timed_out,
      "the session on " + run.options.endpoint + " ended: no input for " + format_duration(limit),
      "edgectl connect " + run.options.endpoint);
  run.hang_up();
}

// Why the session ended without an end: what edged knows about it, if it is still there.
Error lost(ConnectRun& run) {
  const auto& name = run.options.endpoint;
  const auto& id = run.node->link().session().session;
  if (const auto why = why_session_ended(run.api, id, name)) return *why;
  if (const auto failure = run.node->failure())
    return fail(failure->code, failure->message, "edgectl connect " + name);
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

int status_of(ConnectRun& run, const std::optional<ssh::ShellEnd>& end) {
  if (run.ended_here) return give_up(run, *run.ended_here);
  if (!end) return give_up(run, lost(run));
  if (end->signal == ssh::kRefusedSignal) {
    return give_up(run, fail(Errc::not_allowed,
                             run.options.endpoint + " refused the session: " + end->message));
  }
  if (!end->signal.empty()) {
    std::cerr << "edgectl: the command was ended by signal " << printable(end->signal, 32)
              << (end->core_dumped ? " (core dumped)" : "") << '\n';
    return kExitFarFailure;
  }
  return end->status;
}

}  // namespace

net::Task<int> carry(ConnectRun& run) {
  const auto executor = run.loop.get_executor();
  auto bell = std::make_shared<net::Notify>(executor);
  int running = 2;
  run.last_input = std::chrono::steady_clock::now();
  run.input.make_roomy();
  run.output.make_roomy();
  net::TaskGroup pumps(executor);
  pumps.spawn("stdin", pump_input(run));
  pumps.spawn("stdout", pump_output(run, false, &running, bell));
  pumps.spawn("stderr", pump_output(run, true, &running, bell));
  if (run.options.idle) pumps.spawn("idle", watch_idle(run, *run.options.idle));
  while (running > 0) co_await bell->wait(std::chrono::hours(1));
  auto end = co_await run.command->end();
  run.input.cancel();
  run.hang_up();
  pumps.cancel();
  co_await pumps.join();
  run.notice.take_off();
  if (run.raw) run.raw->restore();
  co_return status_of(run, end);
}

}  // namespace edge::control
