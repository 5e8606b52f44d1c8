// One agent's tunnel from login to close: speaks HTTP/1.1 with the agent inside it, carries
// sessions, keeps it alive while they live, closes it when nobody needs it. Thread rule: lives on
// its loop; TunnelHandle's functions may be called from any thread.
#pragma once

#include <atomic>
#include <memory>

#include "net/http.hpp"
#include "server/parts.hpp"
#include "server/tunnel/newcomer.hpp"
#include "ssh/probe_clock.hpp"
#include "ssh/tunnel_server.hpp"

namespace edge::server {

// An operator's need for an endpoint, or for one instance of it, for as long as it lives.
class Demand {
 public:
  Demand(Registry& registry, EndpointId endpoint, std::optional<InstanceId> instance = {})
      : registry_(&registry), endpoint_(std::move(endpoint)), instance_(std::move(instance)) {
    registry_->raise(endpoint_, instance_);
  }
  Demand(Demand&& other) noexcept
      : registry_(std::exchange(other.registry_, nullptr)),
        endpoint_(std::move(other.endpoint_)),
        instance_(std::move(other.instance_)) {}
  Demand& operator=(Demand&&) = delete;
  ~Demand() {
    if (registry_) registry_->lower(endpoint_, instance_);
  }

 private:
  Registry* registry_;
  EndpointId endpoint_;
  std::optional<InstanceId> instance_;
};

// What a session's connection turns into: SSH as it is, or a lasting stream with SSH on it.
inline constexpr const char* kPlainProtocol = "ssh";
inline constexpr const char* kLastingProtocol = "edge-stream";

// What an operator's session request brings along when it moves to the tunnel's loop.
struct SessionRequest {
  explicit SessionRequest(ConnectionSlot the_slot) : slot(std::move(the_slot)) {}
  ConnectionSlot slot;      // of the descriptor
  int descriptor = -1;      // of the admin connection, released from its loop
  std::string rest;         // what came after the request's head
  std::string public_key;   // of the session, vouched for by edged for this one stream
  std::string login_key;    // of SSH where that is another one
  std::string protocol;     // that the connection turns into
  bool comes_back = false;  // the session exists, and goes on
  unsigned resumes = 0;     // so often, as its operator says
  // What the node knows this relay by: who has gone is who came over it, and nobody else.
  std::string carrier;
  bool is_lasting() const { return protocol == kLastingProtocol; }
  std::shared_ptr<LiveSession> session;
  Awaited waiting;
  std::shared_ptr<Demand> demand;
};

class Tunnel final : public TunnelHandle, public std::enable_shared_from_this<Tunnel> {
 public:
  Tunnel(net::asio::any_io_executor executor, Parts& parts, std::string peer, TunnelWay way);
  ~Tunnel() override;

  // The whole life; the port spawns it. `newcomer` is kept until the tunnel is established.
  net::Task<> run(net::Socket socket, const ssh::ServerIdentity& identity, Newcomer newcomer);

  // On the tunnel's loop:
  net::Task<Result<store::SnapshotRecord>> take_snapshot(milliseconds deadline);
  // The round trip.
  net::Task<Result<std::chrono::microseconds>> ping(milliseconds deadline);
  void serve_session(SessionRequest request);
  // False: the agent was not told. `carrier`: over which the operator who has gone came; "": none.
  net::Task<bool> hang_up(SessionId session, std::string carrier);

  net::asio::any_io_executor executor() override { return executor_; }
  const TunnelId& id() const override { return id_; }
  const InstanceId& instance() const override { return caller_.instance; }
  TunnelWay way() const override { return way_; }
  const std::string& peer() const { return peer_; }  // the address it comes from
  void end(fleet::Reason reason) override;
  std::optional<milliseconds> idle_in() const override;
  bool is_silent() const override { return silent_; }

 private:
  net::Task<bool> log_in(net::Socket socket, const ssh::ServerIdentity& identity,
                         Newcomer newcomer);
  net::Task<> try_out();
  net::Task<fleet::Reason> supervise();
  void learn_settings();
  net::Task<> keep_alive();
  void live_changed(int by);
  net::Task<> close_idle();
  net::Task<Result<net::Response>> ask(net::Request request, milliseconds deadline);
  net::Task<net::error_code> send(net::Stream& agent, net::Request request, milliseconds deadline);
  net::Task<Result<std::shared_ptr<net::Stream>>> upgrade(const SessionRequest& request);
  net::Response switched(const SessionRequest& request, const std::string& host_key) const;
  net::Task<> relay(SessionRequest request);
  void not_carried(const SessionRequest& request, Errc why);
  void pause(const SessionRequest& request);
  net::Task<> operator_gone(std::shared_ptr<LiveSession> session, std::string carrier);
  bool is_usable() const { return server_->alive() && !silent_ && !ended_; }
  void look_for_silence();
  net::Task<> watch_death();
  void touch() { last_activity_ = parts_.clock.steady().time_since_epoch().count(); }
  SteadyTime last_activity() const {
    return SteadyTime(SteadyTime::duration(last_activity_.load()));
  }

  net::asio::any_io_executor executor_;
  Parts& parts_;
  const std::string peer_;
  const TunnelWay way_;
  TunnelId id_;
  Caller caller_;
  config::FleetSettings settings_;
  std::unique_ptr<ssh::TunnelServer> server_;
  std::shared_ptr<net::Notify> bell_;
  net::TaskGroup tasks_;
  ssh::ProbeClock probes_;
  std::optional<fleet::Reason> ended_;
  bool is_trial_ = false;
  std::vector<std::shared_ptr<LiveSession>> lost_sessions_;
  struct Carried {  // a lasting session
    std::weak_ptr<net::Stream> stream;
    std::shared_ptr<bool> let_go;  // for the tunnel's silence
  };
  std::vector<Carried> carried_;
  std::atomic<bool> silent_{false};
  std::atomic<SteadyTime::rep> last_activity_{0};
  std::atomic<int> sessions_{0};
  std::atomic<milliseconds::rep> idle_limit_{0};  // of settings_, for idle_in() on other threads
};

}  // namespace edge::server
