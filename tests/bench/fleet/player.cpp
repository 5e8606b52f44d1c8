#include "fleet/player.hpp"

#include "crypto/random.hpp"

namespace edge::bench {
namespace {

// One that opens no tunnel keeps away for so long: the bench lowers `required` meanwhile.
constexpr milliseconds kAfterOffer{2'000};

agent::TunnelOptions tunnel_options(const Stage& stage, std::size_t number, const Secret& host_key,
                                    std::function<void()> opened) {
  agent::TunnelOptions options;
  options.dial = stage.link_options(number).dial;
  options.ciphers = stage.flags.cipher;
  options.opened = std::move(opened);
  options.host_key = host_key;
  return options;
}

}  // namespace

Player::Player(Stage& stage, std::size_t number, Services& services, std::function<void()> returned)
    : stage_(stage),
      identity_(stage.roster.identities()[number]),
      returned_(std::move(returned)),
      check_ins_(stage.executor, stage.config, identity_, stage.counter, hooks(),
                 stage.link_options(number)),
      backoff_(stage.config.backoff_least, stage.config.backoff_most) {
  if (!services.sessions) return;
  auto opened = [this] {
    stage_.tally.opened();
    say_now("open");
  };
  tunnels_ = std::make_unique<agent::TunnelService>(
      stage.executor, stage.config, identity_, check_ins_.link(), *services.sessions,
      services.snapshots, tunnel_options(stage, number, services.host_key, opened));
}

net::Task<> Player::run(milliseconds delay) {
  const bool awake = co_await net::sleep(delay);
  if (!awake || stage_.quitting) co_return;
  const auto ending = co_await check_ins_.run();
  if (ending != agent::Ending::stopped) stage_.say("ended", {{"endpoint", identity_.name}});
}

void Player::stop() {
  if (tunnels_) tunnels_->stop();
  check_ins_.stop();
}

agent::CheckInHooks Player::hooks() {
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

void Player::say_now(const char* event) const {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  const auto at = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  stage_.say(event, {{"endpoint", identity_.name}, {"at", at}});
}

net::Task<agent::AfterOffer> Player::needed(std::string text) {
  say_now("offer");
  agent::AfterOffer after;
  after.failure = "agent-unreachable-tunnel-port";  // or edged would wait for it
  after.detail = "a simulated agent opens no tunnel";
  after.pause = kAfterOffer;
  auto offer = wire::parse_offer(text);
  if (!tunnels_ || !offer) co_return after;
  const auto ending = co_await tunnels_->run(*offer);
  after = {};
  if (ending.opened) {  // at once, as an agent does
    backoff_.reset();
    co_return after;
  }
  stage_.tally.not_opened(ending.reason);
  after.failure = ending.reason;
  after.detail = ending.detail;
  const bool first = backoff_.failures() == 0;
  const auto wait = backoff_.next(crypto::random_fraction());
  if (!first) after.pause = wait;
  co_return after;
}

}  // namespace edge::bench
