// The agent's end of a trial (docs/poll-api.md): logs in, asks for the forward, answers edged's
// ping, and is told by its close that the answer has arrived. What serves a real tunnel is
// TunnelService.
// Thread rule: one loop.
#pragma once

#include <memory>
#include <string>

#include "agent/identity.hpp"
#include "doctor/report.hpp"
#include "net/http.hpp"
#include "net/notify.hpp"
#include "net/socket_stream.hpp"
#include "ssh/tunnel_client.hpp"
#include "wire/check_in.hpp"

namespace edge::agent {

struct TrialEnding {
  bool good = false;
  std::string step;    // at which it stopped: "credentials", "login and forward", "ping", "close"
  std::string reason;  // of the closed set; "" where it has none for that
  std::string detail;
  doctor::Trouble trouble{};  // where it is not the reason's own
};

class TrialTunnel {
 public:
  // `each`: what a step may take. The identity outlives this.
  TrialTunnel(net::asio::any_io_executor executor, const Identity& identity, milliseconds each);

  net::Task<TrialEnding> run(wire::Offer offer, net::Socket socket);

 private:
  net::Task<> serve(std::unique_ptr<net::Stream> stream);
  net::Task<TrialEnding> follow(ssh::TunnelClient& client);

  net::asio::any_io_executor executor_;
  const Identity& identity_;
  const milliseconds each_;
  std::shared_ptr<net::Notify> bell_;
  net::TaskGroup streams_;
  bool pinged_ = false, closed_ = false;
};

}  // namespace edge::agent
