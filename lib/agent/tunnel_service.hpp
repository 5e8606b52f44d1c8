// The agent's side of an open tunnel: answers edged's requests on its streams, and closes the
// tunnel by itself when edged is gone or has forgotten it. docs/tunnel-protocol.md is its contract.
// Thread rule: one loop.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "agent/identity.hpp"
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
};

class TunnelService {
 public:
  // `link`: closed when a tunnel is open, which is our presence then.
  TunnelService(net::asio::any_io_executor executor, const config::AgentConfig& config,
                const Identity& identity, PollLink& link, SessionService& sessions,
                SnapshotWorker& snapshots, TunnelOptions options = {});

  net::Task<TunnelEnding> run(wire::Offer offer);
  void stop();  // says goodbye: the tunnel ends by plan

 private:
  net::Task<> serve(std::shared_ptr<net::Stream> stream);
  net::Task<std::optional<net::Response>> answer(const net::Request& request,
                                                 std::shared_ptr<net::Stream> stream,
                                                 net::HttpReader& reader);
  net::Task<TunnelEnding> supervise(ssh::TunnelClient& client, const wire::Offer& offer);
  void live_changed(int& live, int by);
  net::Task<> watch_death(ssh::TunnelClient* client);
  net::Task<net::Response> snapshot();
  void touch() { last_activity_ = std::chrono::steady_clock::now(); }

  net::asio::any_io_executor executor_;
  PollLink& link_;
  SessionService& sessions_;
  SnapshotWorker& snapshots_;
  const TunnelOptions options_;
  TunnelOpener opener_;
  net::TaskGroup ending_;  // streams of tunnels that are gone
  std::shared_ptr<net::Notify> bell_;
  std::unique_ptr<net::TaskGroup> streams_;
  SteadyTime last_activity_{};
  std::shared_ptr<int> live_;  // sessions of this tunnel; those of earlier ones may still end
  bool close_asked_ = false, stopping_ = false;
};

}  // namespace edge::agent
