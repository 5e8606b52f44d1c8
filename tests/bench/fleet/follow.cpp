// Agents that do what edged orders: hold or interval, back-off, tickets, and tunnels when asked to.
#include "agent/check_in_loop.hpp"
#include "agent/tunnel_service.hpp"
#include "crypto/random.hpp"
#include "fleet/stage.hpp"

namespace edge::bench {
namespace {

// One that opens no tunnel keeps away for so long: the bench lowers `required` meanwhile.
constexpr milliseconds kAfterOffer{2'000};

// What serves the tunnels of all agents of this process.
struct Services {
  Services(Stage& stage, const Secret& host_key)
      : shells(stage.executor, stage.config, host_key,
               std::filesystem::read_symlink("/proc/self/exe").parent_path() / "edge-agent") {}
  agent::ShellService shells;
  agent::SnapshotWorker snapshots;
};

class Player {
 public:
  Player(Stage& stage, std::size_t number, Services* services, std::function<void()> returned)
      : stage_(stage),
        identity_(stage.roster.identities()[number]),
        returned_(std::move(returned)),
        check_ins_(stage.executor, stage.config, identity_, stage.counter, hooks(),
                   stage.link_options(number)) {
    if (services != nullptr) {
      tunnels_ = std::make_unique<agent::TunnelService>(stage.executor, identity_, services->shells,
                                                        services->snapshots,
                                                        stage.config.connect_deadline);
    }
  }

  net::Task<> run(milliseconds delay) {
    const bool awake = co_await net::sleep(delay);
    if (!awake || stage_.quitting) co_return;
    const auto ending = co_await check_ins_.run();
    if (ending != agent::Ending::stopped) stage_.say("ended", {{"endpoint", identity_.name}});
  }
  void stop() {
    if (tunnels_) tunnels_->stop();
    check_ins_.stop();
  }
  void mark() { counted_ = false; }
  const agent::Handshakes& handshakes() { return check_ins_.link().handshakes(); }

 private:
  agent::CheckInHooks hooks() {
    agent::CheckInHooks wanted;
    wanted.needed = [this](std::string offer) { return needed(std::move(offer)); };
    wanted.answered = [this](const agent::AnsweredCheckIn& check_in) {
      stage_.tally.answered(check_in.status, check_in.held, check_in.took);
      const bool good = check_in.status == 200 || check_in.status == 204;
      if (good && !std::exchange(counted_, true)) returned_();
    };
    wanted.failed = [this](const Error& error) { stage_.tally.failed(error); };
    return wanted;
  }

  net::Task<agent::AfterOffer> needed(std::string text) {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    const auto at = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
    stage_.say("offer", {{"endpoint", identity_.name}, {"at", at}});
    agent::AfterOffer after;
    after.failure = "agent-unreachable-tunnel-port";  // or edged would wait for it
    after.detail = "a simulated agent opens no tunnel";
    after.pause = kAfterOffer;
    auto offer = wire::parse_offer(text);
    if (!tunnels_ || !offer) co_return after;
    check_ins_.link().close();
    const auto ending = co_await tunnels_->run(*offer);
    after.failure = ending.reason;
    after.detail = ending.detail;
    after.pause = milliseconds{ending.opened ? 0 : 1'000};
    co_return after;
  }

  Stage& stage_;
  const agent::Identity& identity_;
  std::function<void()> returned_;
  agent::CheckInLoop check_ins_;
  std::unique_ptr<agent::TunnelService> tunnels_;
  bool counted_ = false;
};

class Following {
 public:
  Following(Stage& stage, const Secret& host_key) : stage_(stage) {
    if (stage_.flags.tunnels) services_ = std::make_unique<Services>(stage_, host_key);
    for (std::size_t i = 0; i < stage_.roster.identities().size(); ++i) {
      players_.push_back(
          std::make_unique<Player>(stage_, i, services_.get(), [this] { returned(); }));
    }
    stage_.on_word = [this](const std::string& word) {
      if (word != "mark") return;
      for (auto& player : players_) player->mark();
    };
    stage_.handshakes = [this] {
      agent::Handshakes all;
      for (const auto& player : players_) {
        const auto& its = player->handshakes();
        all.made += its.made;
        all.resumed += its.resumed;
      }
      return all;
    };
    stage_.on_quit = [this] {
      agents_.cancel();
      for (auto& player : players_) player->stop();
    };
  }

  net::Task<> run() {
    for (auto& player : players_) {
      const std::chrono::duration<double> delay(crypto::random_fraction() * stage_.flags.spread);
      agents_.spawn("agent", player->run(std::chrono::round<milliseconds>(delay)));
    }
    const auto started = players_.size();
    co_await agents_.join();
    stage_.say("done", {{"started", started}});
  }

 private:
  // Said once a mark, when nobody is missing.
  void returned() {
    stage_.tally.returned();
    if (stage_.tally.agents() == players_.size()) {
      const auto now = std::chrono::steady_clock::now().time_since_epoch();
      const auto at = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
      auto report = stage_.report();
      report["at"] = at;
      stage_.say("all", std::move(report));
    }
  }

  Stage& stage_;
  std::unique_ptr<Services> services_;
  std::vector<std::unique_ptr<Player>> players_;
  net::TaskGroup agents_{stage_.executor};
};

}  // namespace

int follow(Stage& stage) {
  const auto host_key = stage.roster.host_key();
  if (!host_key) {
    stage.say("failed", {{"reason", host_key.error().message}});
    return 1;
  }
  Following following(stage, *host_key);
  play(stage, following.run());
  return 0;
}

}  // namespace edge::bench
