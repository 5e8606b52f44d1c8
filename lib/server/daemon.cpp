#include "server/daemon.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <thread>

#include "base/files.hpp"
#include "base/log.hpp"
#include "net/deadline.hpp"
#include "net/loops.hpp"
#include "server/admin/admin_port.hpp"
#include "server/keys.hpp"
#include "server/own_limits.hpp"
#include "server/parts.hpp"
#include "server/poll/poll_port.hpp"
#include "server/ticket_keeper.hpp"
#include "server/tunnel/hang_ups.hpp"
#include "server/tunnel/tunnel_port.hpp"
#include "server/upkeep.hpp"

namespace edge::server {
namespace {

constexpr milliseconds kStatusEvery{10'000};
constexpr milliseconds kPollDrain{
    500};  // held check-ins are answered at once; idle connections are cut
constexpr milliseconds kHardStop{1'500};  // after the drain's own deadline
constexpr std::size_t kMostLoops = 4;

std::size_t loop_count(const config::EdgedConfig& config) {
  if (config.loops != 0) return config.loops;
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kMostLoops);
}

// Tunnels first: they say goodbye to their agents, who then come back to a poll port that says
// "later".
net::Task<> drain_ports(PollPort& poll, TunnelPort& tunnel, milliseconds deadline) {
  poll.stop_accepting();
  co_await tunnel.drain(deadline);
  co_await poll.drain(kPollDrain);
}

}  // namespace

struct Daemon::Whole {
  Whole(const config::EdgedConfig& settings, DaemonHooks wanted,
        std::unique_ptr<store::Store> opened)
      : config(settings),
        hooks(std::move(wanted)),
        store(std::move(opened)),
        ticket_keys(clock, config.state),
        worker(*store),
        registry(clock, config.poll_url, config.tunnel_address, config.handshakes),
        parts(clock, config, registry, worker),
        loops(loop_count(config)),
        signals(loops.at(0)),
        tasks(loops.at(0).get_executor()),
        hang_ups(loops.at(0).get_executor(), parts) {
    parts.hang_ups = &hang_ups;
  }

  Result<void> open_ports();
  Result<void> listen_on_all();
  net::Task<> handle_signals();
  net::Task<> say_status();
  net::Task<> say_alive();
  net::Task<> drain();
  void watch_lag(std::size_t loop);
  void reload();

  SystemClock clock;
  config::EdgedConfig config;
  DaemonHooks hooks;
  std::unique_ptr<store::Store> store;
  TicketKeeper ticket_keys;
  StoreWorker worker;  // joins its thread before anything above goes
  Registry registry;
  Parts parts;
  Upkeep upkeep{parts};
  net::Loops loops;
  std::vector<std::unique_ptr<PollPort>> poll_ports;      // one a loop
  std::vector<std::unique_ptr<TunnelPort>> tunnel_ports;  // one a loop
  std::unique_ptr<AdminPort> admin_port;
  net::asio::signal_set signals;
  net::TaskGroup tasks;
  HangUps hang_ups;
  std::deque<net::TaskGroup> lag_tasks;  // one a loop, and on it
  bool clean = true;
};

Daemon::Daemon(std::unique_ptr<Whole> whole) : whole_(std::move(whole)) {}
Daemon::~Daemon() = default;

Result<std::unique_ptr<Daemon>> Daemon::start(const config::EdgedConfig& given, DaemonHooks hooks) {
  const auto config = within_descriptors(with_own_addresses(given));
  if (auto made = make_folder(config.state, 0700); !made) return made.error();
  auto opened = store::open_store(config.state);
  if (!opened) return opened.error();
  auto whole = std::make_unique<Whole>(config, std::move(hooks), std::move(*opened));
  whole->ticket_keys.load();
  whole->parts.tickets = whole->ticket_keys.ring();
  auto keys = load_keys(config, whole->parts.tickets);
  if (!keys) return keys.error();
  whole->parts.tls.set(keys->tls);
  whole->parts.pin = keys->pin;
  auto trusted = AddressSet::parse(config.trusted_proxies);
  if (!trusted) return trusted.error();
  whole->parts.trusted = *trusted;
  whole->parts.host_key = keys->host_key;
  whole->parts.host_key_fingerprint = keys->host_key_fingerprint;
  whole->parts.started = whole->clock.wall();
  auto dropped = whole->store->drop_tombstones_before(whole->clock.wall() - Upkeep::kTombstoneLife);
  if (!dropped) return dropped.error();
  if (auto loaded = whole->registry.load(*whole->store); !loaded) return loaded.error();
  if (auto ports = whole->open_ports(); !ports) return ports.error();
  return std::unique_ptr<Daemon>(new Daemon(std::move(whole)));
}

Result<void> Daemon::Whole::open_ports() {
  for (std::size_t i = 0; i < loops.size(); ++i) {
    auto executor = loops.at(i).get_executor();
    tunnel_ports.push_back(std::make_unique<TunnelPort>(executor, parts));
    auto on_tunnel = [port = tunnel_ports.back().get()](net::TlsStream stream, std::string rest,
                                                        std::string peer, SourceSlot source,
                                                        ConnectionSlot slot) {
      port->adopt(std::move(stream), std::move(rest), std::move(peer), std::move(source),
                  std::move(slot));
    };
    poll_ports.push_back(std::make_unique<PollPort>(executor, parts, std::move(on_tunnel)));
  }
  if (auto listening = listen_on_all(); !listening) return listening.error();
  admin_port = std::make_unique<AdminPort>(loops.at(0).get_executor(), parts);
  return admin_port->listen();
}

Result<void> Daemon::Whole::listen_on_all() {
  // The store's lock is ours, so nobody of this state folder is here; a bind without sharing tells
  // whether anybody else is.
  for (const auto* addresses : {&config.poll_listen, &config.tunnel_listen}) {
    for (const auto& address : *addresses) {
      auto probe = listen_tcp(loops.at(0).get_executor(), address, /*share=*/false);
      if (!probe) return probe.error();
    }
  }
  for (std::size_t i = 0; i < loops.size(); ++i) {
    for (const auto& address : config.poll_listen) {
      auto acceptor = listen_tcp(loops.at(i).get_executor(), address, /*share=*/true);
      if (!acceptor) return acceptor.error();
      poll_ports[i]->listen(std::move(*acceptor));
    }
    for (const auto& address : config.tunnel_listen) {
      auto acceptor = listen_tcp(loops.at(i).get_executor(), address, /*share=*/true);
      if (!acceptor) return acceptor.error();
      tunnel_ports[i]->listen(std::move(*acceptor));
    }
  }
  return {};
}

bool Daemon::run() {
  auto& whole = *whole_;
  for (int number : {SIGTERM, SIGINT, SIGHUP}) whole.signals.add(number);
  whole.tasks.spawn("signals", whole.handle_signals());
  whole.tasks.spawn("ticket-keys", whole.ticket_keys.keep(whole.worker));
  whole.tasks.spawn("status", whole.say_status());
  whole.tasks.spawn("upkeep", whole.upkeep.run());
  for (std::size_t i = 0; i < whole.loops.size(); ++i) whole.watch_lag(i);
  if (whole.hooks.alive_every.count() > 0) whole.tasks.spawn("alive", whole.say_alive());
  log::info("edged.ready", {{"version", EDGE_VERSION},
                            {"url", whole.config.poll_url},
                            {"tunnel", whole.config.tunnel_address},
                            {"admin", whole.config.admin_socket.string()},
                            {"loops", whole.loops.size()}});
  if (whole.hooks.ready) whole.hooks.ready();
  whole.loops.run();
  whole.registry.let_go();
  whole.upkeep.save_last_seen();
  whole.worker.drain();
  log::info("edged.stopped", {{"clean", whole.clean ? "yes" : "no"}});
  return whole.clean;
}

net::Task<> Daemon::Whole::handle_signals() {
  for (;;) {
    auto [error, number] = co_await signals.async_wait(net::as_values);
    if (error) co_return;
    if (number == SIGHUP) {
      reload();
      continue;
    }
    log::info("edged.stopping", {{"signal", number}});
    break;
  }
  if (hooks.status) hooks.status("draining");
  co_await drain();
}

// Stop accepting, answer what is held, tell sessions and agents, close tunnels; then every loop
// runs out of work.
net::Task<> Daemon::Whole::drain() {
  parts.draining = true;
  admin_port->stop_accepting();
  registry.end_all_holds();
  for (const auto& tunnel : registry.tunnels()) tunnel->end(fleet::Reason::shutdown);
  const auto deadline = config.drain_deadline;
  auto all_drained = std::make_shared<net::Notify>(loops.at(0).get_executor());
  auto left = std::make_shared<std::atomic<std::size_t>>(loops.size());
  for (std::size_t i = 0; i < loops.size(); ++i) {
    auto on_end = [all_drained, left](std::exception_ptr) {
      if (--*left == 0) all_drained->ring();
    };
    net::asio::co_spawn(loops.at(i), drain_ports(*poll_ports[i], *tunnel_ports[i], deadline),
                        on_end);
  }
  // Nothing may hang a shutdown, whatever is awaited below.
  net::Deadline hard_stop(loops.at(0).get_executor(), deadline + kHardStop, [this] {
    clean = false;
    loops.stop();
  });
  co_await admin_port->drain(deadline);
  co_await all_drained->wait(deadline + kHardStop);
  tasks.cancel();
  hang_ups.stop();
  for (std::size_t i = 0; i < loops.size(); ++i) {
    net::asio::post(loops.at(i), [&group = lag_tasks[i]] { group.cancel(); });
  }
}

void Daemon::Whole::watch_lag(std::size_t loop) {
  auto& lag = parts.lags.emplace_back();
  lag_tasks.emplace_back(loops.at(loop).get_executor()).spawn("lag", lag.watch());
}

net::Task<> Daemon::Whole::say_status() {
  for (;;) {
    const auto counts = registry.counts();
    if (hooks.status) {
      hooks.status(std::to_string(counts.online) + " online, " + std::to_string(counts.offline) +
                   " offline, " + std::to_string(counts.tunnels) + " tunnels, " +
                   std::to_string(counts.sessions) + " sessions");
    }
    if (!co_await net::sleep(kStatusEvery)) co_return;
  }
}

net::Task<> Daemon::Whole::say_alive() {
  for (;;) {
    hooks.alive();
    const bool go_on = co_await net::sleep(hooks.alive_every);  // named: ARCHITECTURE.md, gcc 12
    if (!go_on) co_return;
  }
}

void Daemon::Whole::reload() {
  if (!hooks.reload) return;
  auto fresh = hooks.reload();
  std::string pin;
  auto tls = fresh ? load_tls(*fresh, parts.tickets, pin) : Result<net::TlsContext>(fresh.error());
  if (!tls) {
    log::error("edged.reload-failed", {{"reason", tls.error().message}});
    return;
  }
  if (pin != parts.pin) {
    // Agents that are out there pin the old key: they would all be lost.
    log::error(
        "edged.reload-failed",
        {{"reason", "the certificate has another key than the one agents pin"}, {"pin", pin}});
    return;
  }
  parts.tls.set(*tls);
  log::set_level(fresh->log_level);
  log::info("edged.reloaded", {{"certificate", fresh->certificate.string()}});
}

}  // namespace edge::server
