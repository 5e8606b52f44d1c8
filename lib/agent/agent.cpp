#include "agent/agent.hpp"

#include "agent/backoff.hpp"
#include "agent/shell_service.hpp"
#include "agent/snapshot_worker.hpp"
#include "agent/tunnel_service.hpp"
#include "base/log.hpp"
#include "crypto/random.hpp"

namespace edge::agent {
namespace {

constexpr milliseconds kAnswerDeadline{20'000};
constexpr milliseconds kProvenTunnel{10'000};  // one that lived this long earns an immediate retry

net::DialOptions with_urgency(net::DialOptions dial) {
  dial.urgency = std::make_shared<net::Urgency>();
  return dial;
}

}  // namespace

struct Agent::Whole {
  Whole(net::asio::any_io_executor executor, const config::AgentConfig& the_config,
        IdentityFolder the_folder, Identity the_identity, Secret the_host_key,
        std::uint64_t counter, std::string program, const net::DialOptions& dial,
        AgentHooks the_hooks)
      : config(the_config),
        folder(std::move(the_folder)),
        identity(std::move(the_identity)),
        host_key(std::move(the_host_key)),
        hooks(std::move(the_hooks)),
        check_ins(executor, config, identity, counter, check_in_hooks(), {dial, nullptr}),
        shells(executor, config, host_key, std::move(program)),
        tunnels(executor, config, identity, check_ins.link(), shells, snapshots,
                {dial, {}, {}, host_key}),
        tunnel_backoff(config.backoff_least, config.backoff_most) {
    dial.urgency->is_urgent = [this] { return tunnels.is_awaited(); };
  }

  CheckInHooks check_in_hooks();
  net::Task<std::optional<Ending>> become_associated();
  net::Task<AfterOffer> open_tunnel(std::string text);

  const config::AgentConfig& config;
  IdentityFolder folder;
  Identity identity;
  Secret host_key;
  AgentHooks hooks;
  CheckInLoop check_ins;
  ShellService shells;
  SnapshotWorker snapshots;
  TunnelService tunnels;
  Backoff tunnel_backoff;
  bool stopping = false;
};

Agent::Agent(net::asio::any_io_executor executor, const config::AgentConfig& config,
             IdentityFolder folder, Identity identity, Secret host_key, std::uint64_t first_counter,
             std::string program, net::DialOptions dial, AgentHooks hooks)
    : whole_(std::make_shared<Whole>(executor, config, std::move(folder), std::move(identity),
                                     std::move(host_key), first_counter, std::move(program),
                                     with_urgency(std::move(dial)), std::move(hooks))) {}
Agent::~Agent() = default;

void Agent::stop() {
  whole_->stopping = true;
  whole_->tunnels.stop();
  whole_->check_ins.stop();
}

net::Task<Ending> Agent::run() {
  auto whole = whole_;
  while (!whole->stopping && !whole->identity.associated) {
    const auto ending = co_await whole->become_associated();
    if (ending) co_return *ending;
  }
  const auto ending = co_await whole->check_ins.run();
  whole->tunnels.stop();  // no session outlives the agent
  co_return ending;
}

CheckInHooks Agent::Whole::check_in_hooks() {
  CheckInHooks wanted;
  wanted.needed = [this](std::string offer) { return open_tunnel(std::move(offer)); };
  wanted.status = hooks.status;
  wanted.is_urgent = [this] { return tunnels.is_awaited(); };
  return wanted;
}

net::Task<std::optional<Ending>> Agent::Whole::become_associated() {
  auto& link = check_ins.link();
  auto done = co_await associate(link, identity, host_key, kAnswerDeadline);
  if (stopping) co_return std::nullopt;
  if (!done) {
    co_await check_ins.failed(done.error().message, done.error().hint);
    co_return std::nullopt;
  }
  if (auto saved = folder.save(identity); !saved) {
    log::error("identity.not-saved", {{"reason", saved.error().message}});
    co_return Ending::failed;
  }
  log::info(
      "agent.associated",
      {{"endpoint", identity.name}, {"id", identity.endpoint}, {"instance", identity.instance}});
  auto text = co_await snapshots.take();
  const auto sent = co_await send_snapshot(link, std::move(text), kAnswerDeadline);
  if (!sent) log::warning("snapshot.not-sent", {{"reason", sent.error().message}});
  check_ins.introduced();  // by the association
  check_ins.worked();
  co_return std::nullopt;
}

net::Task<AfterOffer> Agent::Whole::open_tunnel(std::string text) {
  AfterOffer after;
  auto offer = wire::parse_offer(text);
  if (!offer) {
    log::error("tunnel.bad-offer", {{"reason", offer.error().message}});
    after.pause = config.backoff_least;
    co_return after;
  }
  check_ins.say("endpoint " + identity.name + ": tunnel open");
  const auto opened_at = std::chrono::steady_clock::now();
  const auto ending = co_await tunnels.run(*offer);
  if (hooks.went_idle) hooks.went_idle();
  if (stopping) co_return after;
  const auto lived = std::chrono::steady_clock::now() - opened_at;
  if (ending.opened && (ending.by_plan || ending.silent || lived >= kProvenTunnel)) {
    tunnel_backoff.reset();  // lost: check in and open again without any delay
    co_return after;
  }
  const bool first = tunnel_backoff.failures() == 0;
  const auto wait = tunnel_backoff.next(crypto::random_fraction());
  if (tunnel_backoff.at_new_step()) {
    log::warning(
        "tunnel.failed",
        {{"reason", ending.reason}, {"detail", ending.detail}, {"address", offer->address}});
  }
  after.failure = ending.reason;
  after.detail = ending.detail;
  if (!first) after.pause = wait;
  co_return after;
}

}  // namespace edge::agent
