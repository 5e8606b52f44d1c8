// Connections that ask again as soon as they are answered, in rounds; between them they are idle.
// Any server that says 204 will do.
#include "fleet/stage.hpp"

namespace edge::bench {
namespace {

constexpr std::size_t kHandshakesAtATime = 64;  // below every listen backlog
constexpr milliseconds kDeadline{20'000};

class Asking {
 public:
  explicit Asking(Stage& stage)
      : stage_(stage), bell_(std::make_shared<net::Notify>(stage.executor)) {
    auto& identities = stage_.roster.identities();
    for (std::size_t i = 0; i < identities.size(); ++i) {
      links_.push_back(std::make_unique<agent::PollLink>(
          identities[i], stage_.counter, stage_.config.connect_deadline, stage_.link_options(i)));
    }
    stage_.on_word = [this](const std::string& word) {
      go_ = word == "go";
      bell_->ring();
    };
    stage_.handshakes = [this] {
      agent::Handshakes all;
      for (const auto& link : links_) {
        const auto& its = link->handshakes();
        all.made += its.made;
        all.resumed += its.resumed;
      }
      return all;
    };
    stage_.on_quit = [this] { bell_->ring(); };
  }

  net::Task<> run() {
    // Names for what a co_await is given: gcc 12 destroys some temporaries there twice.
    const std::function<net::Task<>(std::size_t)> once = [this](std::size_t i) {
      return ask_once(i);
    };
    const std::function<net::Task<>(std::size_t)> again = [this](std::size_t i) {
      return ask_again_and_again(i);
    };
    co_await for_each(stage_, links_.size(), kHandshakesAtATime, once);
    stage_.say("ready", stage_.report());
    while (!stage_.quitting) {
      co_await bell_->wait(milliseconds{60'000});
      if (!std::exchange(go_, false)) continue;
      stage_.mark();
      end_ = std::chrono::steady_clock::now() +
             std::chrono::round<milliseconds>(std::chrono::duration<double>(stage_.flags.seconds));
      co_await for_each(stage_, links_.size(), links_.size(), again);
      stage_.say("done", stage_.report());
    }
  }

 private:
  net::Task<> ask_once(std::size_t number) {
    net::Request request;
    request.method = "GET";
    request.target = "/v1/check-in";
    const auto started = std::chrono::steady_clock::now();
    const auto response = co_await links_[number]->ask_as_instance(std::move(request), kDeadline);
    if (response) {
      stage_.tally.answered(response->status, false, std::chrono::steady_clock::now() - started);
      co_return;
    }
    stage_.tally.failed(response.error());
    co_await net::sleep(milliseconds{100});
  }

  net::Task<> ask_again_and_again(std::size_t number) {
    const auto end = end_;
    while (std::chrono::steady_clock::now() < end) {
      if (stage_.quitting) break;
      co_await ask_once(number);
    }
  }

  Stage& stage_;
  std::vector<std::unique_ptr<agent::PollLink>> links_;
  std::shared_ptr<net::Notify> bell_;
  SteadyTime end_{};
  bool go_ = false;
};

}  // namespace

int ask(Stage& stage) {
  Asking asking(stage);
  play(stage, asking.run());
  return 0;
}

}  // namespace edge::bench
