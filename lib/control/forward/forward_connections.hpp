// The connections of a forward: who comes to a listener, on either side, and where to. All of them
// are bounded, counted and held to the forward's bandwidth. Thread rule: one loop.
#pragma once

#include <memory>
#include <string>

#include "control/forward/forward_session.hpp"
#include "control/forward/forward_spec.hpp"
#include "control/forward/forward_status.hpp"
#include "control/forward/forward_voice.hpp"
#include "net/pump.hpp"
#include "net/rate_limit.hpp"

namespace edge::control {

class ForwardConnections {
 public:
  // Below what the node takes of one session (256).
  static constexpr std::size_t kMost = 200;

  // Counts into `status`, and leaves what went wrong last in there.
  ForwardConnections(net::asio::any_io_executor executor, ForwardSession& session,
                     ForwardStatus& status, ForwardVoice& voice);
  ForwardConnections(const ForwardConnections&) = delete;

  // Somebody has come to a listener here. REQUIRES: the spec is there for as long as this is.
  void take(net::Socket near, const ForwardSpec& spec);
  // The same on the node.
  void take(std::unique_ptr<net::Stream> far, const ForwardSpec& spec);
  void note(const std::string& problem);
  net::Task<> end();

 private:
  class Place;
  struct Opening;
  std::shared_ptr<Place> place(const ForwardSpec& spec);
  net::PumpHooks hooks();
  net::Task<> serve(net::Socket near, const ForwardSpec* spec, std::shared_ptr<Place> place);
  net::Task<> serve_far(std::unique_ptr<net::Stream> far, const ForwardSpec* spec,
                        std::shared_ptr<Place> place);
  net::Task<Result<std::unique_ptr<net::Stream>>> connect_far(ForwardPlace target, HostPort source);
  net::Task<> open_far(ForwardSession::Node node, ForwardPlace target, HostPort source,
                       std::shared_ptr<Opening> opening);
  net::Task<Result<net::Socket>> connect_here(ForwardPlace target);
  net::Task<bool> enter_sockets();
  void leave_sockets();

  net::asio::any_io_executor executor_;
  ForwardSession& session_;
  ForwardStatus& status_;
  ForwardVoice& voice_;
  net::RateLimit sending_, receiving_;
  std::size_t sockets_opening_ = 0;  // far ones
  std::vector<std::shared_ptr<net::Notify>> sockets_waiting_;
  std::string noted_;
  SteadyTime noted_at_{};
  net::TaskGroup tasks_, openings_;
};

}  // namespace edge::control
