#include "agent/agent.hpp"

#include <sys/utsname.h>

#include "agent/backoff.hpp"
#include "agent/poll_link.hpp"
#include "agent/shell_service.hpp"
#include "agent/snapshot_worker.hpp"
#include "agent/tunnel_service.hpp"
#include "base/log.hpp"
#include "crypto/random.hpp"
#include "net/notify.hpp"

namespace edge::agent {
namespace {

constexpr milliseconds kGraceForHeld{15'000};  // beyond the hold, for the way there and back
constexpr milliseconds kAnswerDeadline{20'000};
constexpr milliseconds kEarly{200};  // a held answer that comes faster than this is no hold
constexpr milliseconds kMostRetryAfter{300'000};
constexpr milliseconds kProvenTunnel{10'000};  // one that lived this long earns an immediate retry
constexpr int kShortHolds = 2;                 // in a row, before the interval counts instead

// "Retry-After: 5", obeyed with jitter so that a herd spreads out.
milliseconds retry_after(const net::Response& response, milliseconds otherwise) {
  const std::string text(net::find_header(response.headers, "Retry-After"));
  if (text.empty() || text.size() > 4 || text.find_first_not_of("0123456789") != std::string::npos)
    return otherwise;
  const milliseconds asked = std::chrono::seconds(std::stoi(text));
  const auto bounded = std::clamp(asked, otherwise, kMostRetryAfter);
  return bounded + milliseconds(static_cast<std::int64_t>(crypto::random_fraction() *
                                                          static_cast<double>(bounded.count())));
}

wire::AgentReport about_this_agent() {
  utsname system{};
  ::uname(&system);
  wire::AgentReport report;
  report.version = EDGE_VERSION;
  report.platform = std::string("linux-") + system.machine;
  report.host_name = system.nodename;
  return report;
}

}  // namespace

struct Agent::Whole {
  Whole(net::asio::any_io_executor an_executor, const config::AgentConfig& the_config,
        IdentityFolder the_folder, Identity the_identity, Secret the_host_key,
        std::uint64_t counter, std::string program, AgentHooks the_hooks)
      : executor(an_executor),
        config(the_config),
        folder(std::move(the_folder)),
        identity(std::move(the_identity)),
        host_key(std::move(the_host_key)),
        hooks(std::move(the_hooks)),
        link(identity, counter, config.connect_deadline),
        shells(executor, config, host_key, std::move(program)),
        tunnels(executor, identity, shells, snapshots, config.connect_deadline),
        stop_bell(std::make_shared<net::Notify>(executor)),
        backoff(config.backoff_least, config.backoff_most),
        tunnel_backoff(config.backoff_least, config.backoff_most) {}

  net::Task<std::optional<Ending>> become_associated();
  net::Task<std::optional<Ending>> check_in_once();
  net::Task<std::optional<Ending>> handle(net::Response response, milliseconds asked,
                                          SteadyTime started);
  net::Task<> open_tunnel(const std::string& offer);
  net::Task<> report();
  net::Task<> pause(milliseconds duration) { co_await stop_bell->wait(duration); }
  net::Task<> failing(std::string what, std::string hint);
  void working();
  void say(const std::string& text) {
    if (hooks.status) hooks.status(text);
  }

  net::asio::any_io_executor executor;
  const config::AgentConfig& config;
  IdentityFolder folder;
  Identity identity;
  Secret host_key;
  AgentHooks hooks;
  PollLink link;
  ShellService shells;
  SnapshotWorker snapshots;
  TunnelService tunnels;
  std::shared_ptr<net::Notify> stop_bell;
  Backoff backoff, tunnel_backoff;
  wire::Pace pace;
  TunnelEnding unreported;  // a failure that edged should hear of
  int short_holds = 0;
  bool answered = false;    // a check-in was, in this run
  bool introduced = false;  // told edged our version in this run
  bool stopping = false;
  bool said_failing = false;
  std::string last_failure;  // a new one is worth a line
};

Agent::Agent(net::asio::any_io_executor executor, const config::AgentConfig& config,
             IdentityFolder folder, Identity identity, Secret host_key, std::uint64_t first_counter,
             std::string program, AgentHooks hooks)
    : whole_(std::make_shared<Whole>(executor, config, std::move(folder), std::move(identity),
                                     std::move(host_key), first_counter, std::move(program),
                                     std::move(hooks))) {}
Agent::~Agent() = default;

void Agent::stop() {
  whole_->stopping = true;
  whole_->tunnels.stop();
  whole_->link.stop();
  whole_->stop_bell->ring();
}

net::Task<Ending> Agent::run() {
  auto whole = whole_;
  while (!whole->stopping) {
    std::optional<Ending> ending;
    if (whole->identity.associated) {
      ending = co_await whole->check_in_once();
    } else {
      ending = co_await whole->become_associated();
    }
    if (ending) co_return *ending;
  }
  co_return Ending::stopped;
}

// One line when it starts to fail and at each longer pause, not one for every try.
net::Task<> Agent::Whole::failing(std::string what, std::string hint) {
  const auto wait = backoff.next(crypto::random_fraction());
  if (!said_failing || backoff.at_new_step() || what != last_failure) {
    log::warning("check-in.failing",
                 {{"reason", what}, {"hint", hint}, {"tries", backoff.failures()}});
  }
  said_failing = true;
  last_failure = what;
  say("not connected: " + what);
  co_await pause(wait);
}

void Agent::Whole::working() {
  answered = true;
  if (said_failing)
    log::info("check-in.works-again", {{"url", link.url()}, {"tries", backoff.failures()}});
  said_failing = false;
  backoff.reset();
}

net::Task<std::optional<Ending>> Agent::Whole::become_associated() {
  auto done = co_await associate(link, identity, host_key, kAnswerDeadline);
  if (stopping) co_return std::nullopt;
  if (!done) {
    co_await failing(done.error().message, done.error().hint);
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
  introduced = true;  // by the association
  working();
  co_return std::nullopt;
}

net::Task<std::optional<Ending>> Agent::Whole::check_in_once() {
  if (!unreported.reason.empty() || !introduced) co_await report();
  net::Request request;
  request.method = "GET";
  request.target = "/v1/check-in";
  // The first answer of a run, and the first after a failure, are wanted at once: only then is it
  // known that all is well.
  const auto asked = said_failing || !answered ? milliseconds{0} : pace.hold;
  if (asked.count() > 0) request.headers.emplace_back("Prefer", wire::print_wait(asked));
  const auto started = std::chrono::steady_clock::now();
  auto response = co_await link.ask_as_instance(std::move(request), asked + kGraceForHeld);
  if (stopping) co_return std::nullopt;
  if (!response) {
    co_await failing(response.error().message, response.error().hint);
    co_return std::nullopt;
  }
  co_return co_await handle(std::move(*response), asked, started);
}

net::Task<std::optional<Ending>> Agent::Whole::handle(net::Response response, milliseconds asked,
                                                      SteadyTime started) {
  if (response.status == 410) {
    log::error("agent.endpoint-removed", {{"endpoint", identity.name},
                                          {"id", identity.endpoint},
                                          {"next", "edge-agent leave, or join another endpoint"}});
    co_return Ending::endpoint_removed;
  }
  if (response.status == 429 || response.status == 503) {
    co_await pause(retry_after(response, config.backoff_least));
    co_return std::nullopt;
  }
  if (response.status == 409) {
    link.close();
    co_await failing("another machine checks in with this node's identity (a clone of its disk?)",
                     "on the copy: edge-agent leave, then join again");
    co_return std::nullopt;
  }
  if (response.status != 200 && response.status != 204) {
    const bool refused = response.status == 401;
    // Names: gcc 12 destroys the temporaries of a conditional inside a co_await expression twice.
    std::string what = "edged refuses edge ID and token (401)";
    std::string hint = "on the server: edgectl endpoint show " + identity.name +
                       "; after endpoint token or disassociate it must join again, and so must a "
                       "copy of another node's disk";
    if (!refused) {
      what = "unexpected answer " + std::to_string(response.status) + " of " + link.url();
      hint.clear();
    }
    co_await failing(std::move(what), std::move(hint));
    co_return std::nullopt;
  }
  if (auto ordered = wire::parse_pace(std::string(net::find_header(response.headers, "Edge-Next"))))
    pace = *ordered;
  working();
  say("endpoint " + identity.name + ": checking in at " + link.url());
  if (response.status == 200) {
    co_await open_tunnel(response.body);
    co_return std::nullopt;
  }
  // Under hold the next question follows at once; without, or when nothing was held, after the
  // interval.
  const auto took = std::chrono::steady_clock::now() - started;
  const bool held = asked.count() > 0 && pace.hold.count() > 0 && took >= std::min(kEarly, asked);
  if (asked.count() == 0 && pace.hold.count() > 0) co_return std::nullopt;  // now the held one
  const bool by_hold = asked.count() > 0 && pace.hold.count() > 0;
  short_holds = by_hold && !held ? short_holds + 1 : 0;
  const bool soon = by_hold && short_holds <= kShortHolds;
  const auto wait = soon ? std::min(pace.interval, kEarly) : pace.interval;
  if (!held) co_await pause(wait);
  co_return std::nullopt;
}

net::Task<> Agent::Whole::open_tunnel(const std::string& text) {
  auto offer = wire::parse_offer(text);
  if (!offer) {
    log::error("tunnel.bad-offer", {{"reason", offer.error().message}});
    co_await pause(config.backoff_least);
    co_return;
  }
  link.close();  // the tunnel is our presence
  say("endpoint " + identity.name + ": tunnel open");
  const auto opened_at = std::chrono::steady_clock::now();
  const auto ending = co_await tunnels.run(*offer);
  if (hooks.went_idle) hooks.went_idle();
  if (stopping) co_return;
  const auto lived = std::chrono::steady_clock::now() - opened_at;
  if (ending.opened && (ending.by_plan || lived >= kProvenTunnel)) {
    tunnel_backoff.reset();  // lost: check in and open again without any delay
    co_return;
  }
  const bool first = tunnel_backoff.failures() == 0;
  const auto wait = tunnel_backoff.next(crypto::random_fraction());
  if (tunnel_backoff.at_new_step()) {
    log::warning(
        "tunnel.failed",
        {{"reason", ending.reason}, {"detail", ending.detail}, {"address", offer->address}});
  }
  unreported = ending;
  if (!first) co_await pause(wait);
}

// What edged should know before it is asked again: once a run who we are (an upgrade changes that),
// and why the last tunnel did not open.
net::Task<> Agent::Whole::report() {
  wire::AgentReport message = introduced ? wire::AgentReport{} : about_this_agent();
  if (!unreported.reason.empty()) {
    message.tunnel_failure = unreported.reason;
    message.tunnel_detail = unreported.detail.substr(0, 200);
  }
  net::Request request;
  request.method = "POST";
  request.target = "/v1/agent";
  request.headers = {{"Content-Type", "application/json"}};
  request.body = wire::print_agent_report(message);
  const auto response = co_await link.ask_as_instance(std::move(request), kAnswerDeadline);
  if (!response || response->status != 204)
    co_return;  // the check-in that follows says what is wrong
  introduced = true;
  unreported = TunnelEnding{};
}

}  // namespace edge::agent
