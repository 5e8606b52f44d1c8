// Agents that do what edged orders: hold or interval, back-off, tickets, and tunnels when asked to.
#include "agent/shell_service.hpp"
#include "base/address.hpp"
#include "crypto/random.hpp"
#include "fleet/cut.hpp"
#include "fleet/player.hpp"
#include "fleet/scripted_command.hpp"
#include "fleet/scripted_service.hpp"

namespace edge::bench {
namespace {

constexpr std::size_t kMostSessions = 20'000;  // of all agents of this process together

std::unique_ptr<agent::SessionService> session_service(Stage& stage, const Secret& host_key) {
  switch (stage.flags.sessions) {
    case Sessions::none:
      return nullptr;
    case Sessions::scripted:
      return std::make_unique<ScriptedService>();
    case Sessions::shells:
      return std::make_unique<agent::ShellService>(
          stage.executor, stage.config, host_key,
          std::filesystem::read_symlink("/proc/self/exe").parent_path() / "edge-agent");
    case Sessions::commands:
      stage.config.sessions = kMostSessions;
      return std::make_unique<agent::ShellService>(stage.executor, stage.config, host_key,
                                                   std::string(), start_scripted_command);
  }
  return nullptr;
}

class Following {
 public:
  Following(Stage& stage, const Secret& host_key) : stage_(stage) {
    services_.sessions = session_service(stage_, host_key);
    const auto sessions = stage_.flags.sessions;
    if (sessions == Sessions::shells || sessions == Sessions::commands)
      services_.host_key = host_key;
    for (std::size_t i = 0; i < stage_.roster.identities().size(); ++i) {
      players_.push_back(std::make_unique<Player>(stage_, i, services_, [this] { returned(); }));
    }
    stage_.on_word = [this](const std::string& word) {
      if (word == "mark") {
        for (auto& player : players_) player->mark();
      } else if (word == "cut") {
        cut();
      }
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

  // All tunnels, at once.
  void cut() {
    const auto tunnel = parse_host_port(stage_.roster.identities().front().tunnel);
    stage_.say("cut", {{"connections", tunnel ? cut_connections_to(tunnel->port) : 0}});
  }

  Stage& stage_;
  Services services_;
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
