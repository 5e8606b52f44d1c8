// The agent's side of an open tunnel: answers edged's requests on its streams, and closes the
// tunnel by itself when edged is gone or has forgotten it. docs/tunnel-protocol.md is its contract.
// Thread rule: one loop.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "agent/identity.hpp"
#include "agent/lasting_sessions.hpp"
#include "agent/session_service.hpp"
#include "agent/snapshot_worker.hpp"
#include "agent/tunnel_opener.hpp"
#include "net/http.hpp"
#include "net/notify.hpp"
#include "ssh/tunnel_client.hpp"
#include "wire/check_in.hpp"

namespace edge::agent {

// How a tunnel came to its end, or why it did not come to be.
struct TunnelEnding {
  bool opened = false;
  bool by_plan = false;  // edged said close, or it was idle, or we stop
  std::string reason;    // design.md section 6, "" when by_plan
  std::string detail;
  bool silent = false;  // sessions are live and nothing has been heard: it may come back
};

class TunnelService {
 public:
  // `link`: closed when a tunnel is open, which is our presence then.
  TunnelService(net::asio::any_io_executor executor, const config::AgentConfig& config,
                const Identity& identity, PollLink& link, SessionService& sessions,
                SnapshotWorker& snapshots, TunnelOptions options = {});

  net::Task<TunnelEnding> run(wire::Offer offer);
  void stop();  // says goodbye: the tunnel ends by plan, and its sessions with it

  // Whether an operator waits for a session to go on: the next tunnel is urgent.
  bool is_awaited() const noexcept { return lasting_.waiting() > 0; }

 private:
  // What is live on one tunnel; those of earlier ones may still end.
  struct Sessions {
    int count = 0;
    std::vector<std::weak_ptr<net::Stream>> lasting;  // carriers
  };
  net::Task<> serve(std::shared_ptr<net::Stream> stream, std::shared_ptr<Sessions> live);
  net::Task<std::optional<net::Response>> answer(const net::Request& request,
                                                 std::shared_ptr<net::Stream> stream,
                                                 net::HttpReader& reader,
                                                 std::shared_ptr<Sessions> live);
  net::Task<std::optional<net::Response>> session(const net::Request& request,
                                                  std::shared_ptr<net::Stream> stream,
                                                  net::HttpReader& reader,
                                                  std::shared_ptr<Sessions> live);
  net::Response hang_up(const net::Request& request);
  net::Task<TunnelEnding> supervise(ssh::TunnelClient& client, const wire::Offer& offer);
  net::Task<> outlive(std::unique_ptr<ssh::TunnelClient> client,
                      std::unique_ptr<net::TaskGroup> streams, milliseconds at_most);
  void live_changed(Sessions& live, int by);
  net::Task<> watch_death(ssh::TunnelClient* client);
  net::Task<net::Response> snapshot();
  void touch() { last_activity_ = std::chrono::steady_clock::now(); }

  net::asio::any_io_executor executor_;
  PollLink& link_;
  SessionService& sessions_;
  SnapshotWorker& snapshots_;
  const TunnelOptions options_;
  LastingSessions lasting_;
  TunnelOpener opener_;
  net::TaskGroup ending_;  // streams of tunnels that are gone
  std::shared_ptr<net::Notify> bell_;
  std::unique_ptr<net::TaskGroup> streams_;
  SteadyTime last_activity_{};
  std::shared_ptr<Sessions> live_;         // of this tunnel
  std::weak_ptr<net::Notify> silent_one_;  // rung when a silent tunnel is not wanted any more
  bool close_asked_ = false, stopping_ = false;
};

}  // namespace edge::agent
