// edge-agent run: what systemd starts.
#include <systemd/sd-daemon.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <cstdlib>

#include "agent/agent.hpp"
#include "agent/identity.hpp"
#include "agent/run_lock.hpp"
#include "base/idle_memory.hpp"
#include "edge-agent/commands.hpp"
#include "edge-agent/proxies.hpp"

namespace edge::edge_agent {
namespace {

milliseconds watchdog_interval() {
  std::uint64_t microseconds = 0;
  if (sd_watchdog_enabled(0, &microseconds) <= 0) return milliseconds{0};
  return milliseconds(static_cast<std::int64_t>(microseconds / 1000 / 3));
}

net::Task<> say_alive(milliseconds every) {
  for (;;) {
    sd_notify(0, "WATCHDOG=1");
    const bool go_on = co_await net::sleep(every);  // a local: see Daemon::Whole::save_last_seen
    if (!go_on) co_return;
  }
}

// SIGTERM and SIGINT stop; SIGHUP reads the log level anew.
net::Task<> follow_signals(boost::asio::signal_set& signals, agent::Agent& agent,
                           const Flags& flags) {
  for (;;) {
    auto [error, number] = co_await signals.async_wait(net::as_values);
    if (error) co_return;
    if (number != SIGHUP) break;
    if (auto fresh = load_config(flags)) {
      log::set_level(fresh->log_level);
      log::info("agent.reloaded");
    } else {
      log::error("agent.reload-failed", {{"reason", fresh.error().message}});
    }
  }
  sd_notify(0, "STOPPING=1");
  log::info("agent.stopping");
  agent.stop();
}

int run(const Flags& flags) {
  auto config = load_config(flags);
  if (!config) return complain(config.error());
  log::start(config->log_level, std::getenv("JOURNAL_STREAM") != nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  const agent::IdentityFolder folder(config->state);
  auto identity = folder.load();
  if (!identity) return complain(identity.error());
  if (!*identity) {
    return complain(fail(Errc::usage,
                         "this node has not joined an endpoint (" + config->state.string() + ")",
                         "edge-agent join"));
  }
  const auto lock = agent::RunLock::take(config->state);
  if (!lock) return complain(lock.error());
  auto host_key = folder.host_key();
  if (!host_key) return complain(host_key.error());
  auto counter = folder.first_counter();
  if (!counter) return complain(counter.error());
  net::DialOptions dial;
  auto proxies = load_proxies(*config);
  if (!proxies) return complain(proxies.error());
  dial.proxies = *proxies;

  boost::asio::io_context loop{1};
  // Idle is when the next check-in is held, and with it every handshake over.
  boost::asio::steady_timer settled(loop);
  auto went_idle = [&settled] {
    settled.expires_after(std::chrono::seconds(2));
    settled.async_wait([](boost::system::error_code error) {
      if (!error) release_idle_memory();
    });
  };
  went_idle();
  agent::AgentHooks hooks;
  hooks.went_idle = went_idle;
  hooks.status = [](const std::string& text) { sd_notify(0, ("STATUS=" + text).c_str()); };
  agent::Agent agent(loop.get_executor(), *config, folder, **identity, *host_key, *counter,
                     "/proc/self/exe", dial, hooks);
  boost::asio::signal_set signals(loop, SIGTERM, SIGINT, SIGHUP);
  net::TaskGroup tasks(loop.get_executor());
  tasks.spawn("signals", follow_signals(signals, agent, flags));
  if (const auto every = watchdog_interval(); every.count() > 0)
    tasks.spawn("alive", say_alive(every));
  auto ending = agent::Ending::failed;
  auto done = [&](std::exception_ptr failure, agent::Ending how) {
    if (!failure) ending = how;
    signals.cancel();
    settled.cancel();
    tasks.cancel();
  };
  boost::asio::co_spawn(loop, agent.run(), done);
  log::info("agent.start", {{"version", EDGE_VERSION},
                            {"endpoint", (*identity)->name},
                            {"id", (*identity)->endpoint},
                            {"instance", (*identity)->instance}});
  if (dial.proxies) {
    log::info("agent.proxy", {{"proxy", format_proxy_url(dial.proxies->proxy())},
                              {"from", dial.proxies->origin()}});
  }
  sd_notify(0, "READY=1");
  loop.run();
  if (ending == agent::Ending::endpoint_removed) return kExitEndpointRemoved;
  return ending == agent::Ending::stopped ? 0 : kExitFailure;
}

}  // namespace

void add_run(CLI::App& app, Body& chosen) {
  auto* command = app.add_subcommand(
      "run",
      "check in and serve, until told to stop; what systemd starts\n\n"
      "Exits with 78 when the endpoint was removed on the server, and is not started again then.");
  command->footer(
      "edge-agent run\tas the unit does\nedge-agent run --state ./agent --log-level debug\tby "
      "hand\n");
  command->callback([&chosen] { chosen = run; });
}

}  // namespace edge::edge_agent
