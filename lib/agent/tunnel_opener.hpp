// Opens a tunnel by the ways that there are, one after the other, with one set of credentials:
// these are used up by the first login only. Thread rule: one loop.
#pragma once

#include <memory>
#include <string>

#include "agent/identity.hpp"
#include "agent/poll_link.hpp"
#include "agent/tunnel_ways.hpp"
#include "config/settings.hpp"
#include "net/dial.hpp"
#include "ssh/tunnel_client.hpp"
#include "wire/check_in.hpp"

namespace edge::agent {

struct TunnelOptions {
  net::DialOptions dial;
  std::string ciphers;           // to offer instead of ours; "": ours
  std::function<void()> opened;  // the forward was accepted
  Secret host_key;  // of the node: what sessions prove themselves with; empty: none outlives its
                    // tunnel
};

class TunnelOpener {
 public:
  struct Opened {
    std::unique_ptr<ssh::TunnelClient> client;  // null: it failed
    TunnelWay way = TunnelWay::direct;
    ssh::TunnelFailure failure;
  };

  // `link`: where the poll port is reached, and on whose connection a tunnel through it begins.
  TunnelOpener(net::asio::any_io_executor executor, const config::AgentConfig& config,
               const Identity& identity, PollLink& link, const TunnelOptions& options);

  net::Task<Opened> open(const wire::Offer& offer, ssh::TunnelClient::OnStream on_stream);

 private:
  using Dialed = boost::system::result<int, ssh::TunnelFailure>;  // a descriptor

  net::Task<Opened> try_way(TunnelWay way, const wire::Offer& offer, const Secret& password,
                            milliseconds deadline, const ssh::TunnelClient::OnStream& on_stream);
  net::Task<Dialed> dial_direct(const wire::Offer& offer, milliseconds deadline);
  net::Task<Dialed> dial_poll_port(milliseconds deadline);

  net::asio::any_io_executor executor_;
  const config::AgentConfig& config_;
  const Identity& identity_;
  PollLink& link_;
  const TunnelOptions& options_;
  TunnelWays ways_;
  net::TaskGroup bridges_;  // between TLS and libssh; each ends with its tunnel
};

}  // namespace edge::agent
