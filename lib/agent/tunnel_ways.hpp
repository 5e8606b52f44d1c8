// The ways to the tunnel server, and which one to try first. A network that lets only one port pass
// lets the poll port pass, or the agent would not have been told to open a tunnel. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace edge::agent {

enum class TunnelWay { direct, poll_port };
inline const char* to_string(TunnelWay way) {
  return way == TunnelWay::direct ? "direct" : "poll-port";
}

class TunnelWays {
 public:
  // A way round a blocked port costs the server descriptors, and networks change: the direct one is
  // tried first again after this.
  static constexpr std::chrono::hours kDirectAgain{1};

  // `transport`: "auto", "direct" or "poll-port", of the agent's configuration.
  explicit TunnelWays(const std::string& transport) {
    if (transport == "direct") only_ = TunnelWay::direct;
    if (transport == "poll-port") only_ = TunnelWay::poll_port;
  }

  std::vector<TunnelWay> to_try(SteadyTime now) const {
    if (only_) return {*only_};
    if (direct_again_ && now < *direct_again_) return {TunnelWay::poll_port, TunnelWay::direct};
    return {TunnelWay::direct, TunnelWay::poll_port};
  }
  void worked(TunnelWay way, SteadyTime now) {
    if (way == TunnelWay::direct) direct_again_.reset();
    if (way == TunnelWay::poll_port && (!direct_again_ || now >= *direct_again_))
      direct_again_ = now + kDirectAgain;
  }

 private:
  std::optional<TunnelWay> only_;
  std::optional<SteadyTime> direct_again_;  // set: the poll port is the way that worked
};

}  // namespace edge::agent
