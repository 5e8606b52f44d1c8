// edge-agent doctor: everything between this node and a working tunnel, step by step, beside the
// agent that runs. It asks as the same instance, but nothing that it does counts as a check-in.
// Thread rule: one loop.
#pragma once

#include <optional>
#include <string>

#include "agent/identity.hpp"
#include "agent/trial_link.hpp"
#include "agent/trial_tunnel.hpp"
#include "agent/tunnel_ways.hpp"
#include "config/settings.hpp"
#include "doctor/reach.hpp"
#include "wire/instance_view.hpp"

namespace edge::agent {

struct DoctorOptions {
  milliseconds each{5'000};  // what a step may take
  bool whole_hold = false;   // hold a question for as long as edged orders
  std::string start;         // the command that starts the agent, for who finds it stopped
  net::DialOptions dial;     // as the agent dials
  std::string no_dial;       // why that cannot be known; "": it is
};

class Doctor {
 public:
  // Both outlive this.
  Doctor(doctor::Report& report, const config::AgentConfig& config, DoctorOptions options);

  net::Task<> examine();

 private:
  bool look_at_identity();
  void look_at_agent();
  net::Task<> look_at_proxy();
  // --- doctor_poll.cpp: name to HTTP status of each URL, and what edged knows of us
  net::Task<> look_at_poll_ports();
  net::Task<> look_at_url(std::string text);
  net::Task<> ask_for_view(std::string url);
  void look_at_clock();
  void look_at_check_ins();
  void look_at_last_tunnel();
  net::Task<> look_at_hold();
  net::Task<Result<void>> connect_link();  // if it is not connected
  net::Task<Result<net::Response>> ask(std::string method, milliseconds wait);
  // --- doctor_tunnel.cpp
  net::Task<> look_at_tunnel_port();
  net::Task<> try_ways();
  // The end of the check that was begun where there are none.
  net::Task<std::optional<wire::Offer>> credentials();
  net::Task<> try_way(TunnelWay way);
  net::Task<TrialEnding> go_directly(wire::Offer offer);
  net::Task<TrialEnding> go_through_poll_port(wire::Offer offer);

  doctor::Report& report_;
  const config::AgentConfig& config_;
  const DoctorOptions options_;
  const IdentityFolder folder_;
  Identity identity_;
  std::optional<TrialLink> link_;  // nothing: not associated yet
  std::string url_;                // the one that answered as edged
  std::optional<wire::InstanceView> view_;
  std::optional<milliseconds> skew_;  // our clock ahead of whoever answered
  bool runs_ = false;
};

}  // namespace edge::agent
