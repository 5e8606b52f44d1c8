// A flood that must be refused: check-ins of endpoints that exist under a wrong key, and of
// endpoints that do not, on kept connections where edged keeps them.
#include "crypto/random.hpp"
#include "fleet/stage.hpp"

namespace edge::bench {
namespace {

// Who floods does not wait for a refusal that is held back: it leaves and comes again.
constexpr milliseconds kDeadline{1'000};
constexpr std::size_t kKeyBytes = 32;

struct Asker {
  agent::Identity identity;
  std::unique_ptr<agent::PollLink> link;
  bool known = false;  // claims to be an endpoint that exists
  bool fresh = false;  // connects anew each time
};

class Flood {
 public:
  explicit Flood(Stage& stage)
      : stage_(stage), bell_(std::make_shared<net::Notify>(stage.executor)) {
    // Enough for the rate when each refusal is held back for half a second, and time to connect
    // anew; and few enough to have room beside 15,000 agents within limits.connections: a flood
    // that is turned away before it asks is none.
    const std::size_t askers = stage_.flags.per_second * 58 / 100;
    for (std::size_t i = 0; i < askers; ++i) {
      auto& asker = askers_.emplace_back(std::make_unique<Asker>());
      asker->identity = stage_.roster.identities().front();
      asker->identity.key = crypto::random_secret(kKeyBytes);
      asker->known = (i + i / 10) % 2 == 0;
      // Spread over all: one behind the other they would be bursts of handshakes.
      asker->fresh = i * stage_.flags.fresh / 100 != (i + 1) * stage_.flags.fresh / 100;
      asker->link = std::make_unique<agent::PollLink>(
          asker->identity, stage_.counter, stage_.config.connect_deadline, stage_.link_options(i));
    }
    stage_.on_word = [this](const std::string& word) {
      go_ = word == "go";
      bell_->ring();
    };
    stage_.handshakes = [this] {
      agent::Handshakes all;
      for (const auto& asker : askers_) {
        const auto& its = asker->link->handshakes();
        all.made += its.made;
        all.resumed += its.resumed;
      }
      return all;
    };
    stage_.on_quit = [this] { bell_->ring(); };
  }

  net::Task<> run() {
    // A name: gcc 12 destroys some temporaries of a co_await twice.
    const std::function<net::Task<>(std::size_t)> each = [this](std::size_t i) { return flood(i); };
    stage_.say("ready");
    while (!stage_.quitting) {
      co_await bell_->wait(milliseconds{60'000});
      if (!std::exchange(go_, false)) continue;
      stage_.mark();
      started_ = std::chrono::steady_clock::now();
      co_await for_each(stage_, askers_.size(), askers_.size(), each);
      stage_.say("done", stage_.report());
    }
  }

 private:
  // Turn t of asker i is at (t * askers + i) / rate; one that was missed is counted, not made up
  // for.
  net::Task<> flood(std::size_t number) {
    using Seconds = std::chrono::duration<double>;
    const auto at = [&](std::size_t turn) {
      return Seconds(static_cast<double>(turn * askers_.size() + number) / stage_.flags.per_second);
    };
    for (std::size_t turn = 0; at(turn).count() < stage_.flags.seconds; ++turn) {
      if (stage_.quitting) break;
      const Seconds passed = std::chrono::steady_clock::now() - started_;
      if (passed > at(turn + 1)) {
        stage_.tally.behind();
        continue;
      }
      const auto early = std::chrono::ceil<milliseconds>(at(turn) - passed);
      if (early.count() > 0) co_await net::sleep(early);
      co_await ask(*askers_[number]);
    }
  }

  net::Task<> ask(Asker& asker) {
    auto& identities = stage_.roster.identities();
    asker.identity.endpoint =
        asker.known ? identities[next_++ % identities.size()].endpoint : crypto::new_endpoint_id();
    if (asker.fresh) asker.link->close();
    net::Request request;
    request.method = "GET";
    request.target = "/v1/check-in";
    const auto started = std::chrono::steady_clock::now();
    const auto response = co_await asker.link->ask_as_instance(std::move(request), kDeadline);
    if (response) {
      stage_.tally.answered(response->status, false, std::chrono::steady_clock::now() - started);
    } else {
      stage_.tally.failed(response.error());
    }
  }

  Stage& stage_;
  std::vector<std::unique_ptr<Asker>> askers_;
  std::shared_ptr<net::Notify> bell_;
  SteadyTime started_{};
  std::size_t next_ = 0;
  bool go_ = false;
};

}  // namespace

int bad(Stage& stage) {
  Flood flood(stage);
  play(stage, flood.run());
  return 0;
}

}  // namespace edge::bench
