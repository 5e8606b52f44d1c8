// Associates every agent of the roster that is not yet: `edge-agent join` many times over.
#include "agent/agent.hpp"
#include "fleet/stage.hpp"

namespace edge::bench {
namespace {

constexpr milliseconds kDeadline{30'000};
constexpr std::size_t kAtATime = 16;

class Joining {
 public:
  Joining(Stage& stage, Secret host_key) : stage_(stage), host_key_(std::move(host_key)) {}

  net::Task<> run() {
    net::TaskGroup workers(stage_.executor);
    for (std::size_t i = 0; i < kAtATime; ++i) workers.spawn("join", work());
    co_await workers.join();
  }
  const Error& failure() const { return failure_; }

 private:
  // One connection joins many: nothing that associating sends depends on the connection.
  net::Task<> work() {
    auto& identities = stage_.roster.identities();
    if (identities.empty()) co_return;
    agent::PollLink link(identities.front(), 0, stage_.config.connect_deadline,
                         stage_.link_options(0));
    while (next_ < identities.size() && failure_.message.empty() && !stage_.quitting) {
      auto& identity = identities[next_++];
      if (identity.associated) continue;
      const auto done = co_await agent::associate(link, identity, host_key_, kDeadline);
      if (!done) failure_ = done.error();
    }
  }

  Stage& stage_;
  Secret host_key_;
  std::size_t next_ = 0;
  Error failure_;
};

}  // namespace

int join(Stage& stage) {
  auto host_key = stage.roster.host_key();
  if (!host_key) {
    stage.say("failed", {{"reason", host_key.error().message}});
    return 1;
  }
  Joining joining(stage, *host_key);
  play(stage, joining.run());
  auto failure = joining.failure();
  if (auto saved = stage.roster.save(); !saved) failure = saved.error();  // also of those that did
  if (!failure.message.empty()) {
    stage.say("failed", {{"reason", failure.message}});
    return 1;
  }
  stage.say("joined", stage.report());
  return 0;
}

}  // namespace edge::bench
