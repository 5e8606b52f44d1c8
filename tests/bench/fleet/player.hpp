// One agent: its check-in loop and, where it has somebody to serve sessions, its tunnels.
// Thread rule: one loop.
#pragma once

#include "agent/backoff.hpp"
#include "agent/check_in_loop.hpp"
#include "agent/tunnel_service.hpp"
#include "fleet/stage.hpp"

namespace edge::bench {

// What serves the tunnels of all agents of this process; without sessions no tunnel is opened.
struct Services {
  std::unique_ptr<agent::SessionService> sessions;
  agent::SnapshotWorker snapshots;
  Secret host_key;  // of all of them, where sessions are real
};

class Player {
 public:
  // `returned` is called once a mark, with the first good answer.
  Player(Stage& stage, std::size_t number, Services& services, std::function<void()> returned);

  net::Task<> run(milliseconds delay);
  void stop();
  void mark() { counted_ = false; }
  const agent::Handshakes& handshakes() { return check_ins_.link().handshakes(); }

 private:
  agent::CheckInHooks hooks();
  net::Task<agent::AfterOffer> needed(std::string text);
  void say_now(const char* event) const;

  Stage& stage_;
  const agent::Identity& identity_;
  std::function<void()> returned_;
  agent::CheckInLoop check_ins_;
  std::unique_ptr<agent::TunnelService> tunnels_;
  agent::Backoff backoff_;
  bool counted_ = false;
};

}  // namespace edge::bench
