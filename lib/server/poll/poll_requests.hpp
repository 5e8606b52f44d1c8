// The requests of the poll port but the check-in, and its refusals. Order: bounds are the
// connection's, then authentication, then the rest. Lives as long as one request.
#pragma once

#include "net/http.hpp"
#include "server/parts.hpp"

namespace edge::server {

class PollRequests {
 public:
  static constexpr std::size_t kStrangerBody = 16 * 1024;  // an association is smaller
  static constexpr std::size_t kBodyLimit = 256 * 1024;
  static constexpr std::size_t kSnapshotLimit = 1024 * 1024;  // inflated
  static constexpr const char* kCheckIn = "/v1/check-in";
  static constexpr const char* kTunnel = "/v1/tunnel";

  // `connection`: a number of its own for each, as in Visit.
  PollRequests(Parts& parts, std::string peer, std::uint64_t connection, bool makes_tunnels)
      : parts_(parts),
        peer_(std::move(peer)),
        connection_(connection),
        makes_tunnels_(makes_tunnels) {}

  // 101: the connection is a tunnel from there on.
  net::Task<net::Response> answer(net::Request request);
  bool known() const noexcept { return known_; }  // somebody has proved who it is

  static net::Response unauthorized();
  static net::Response removed();
  static net::Response clone();
  static net::Response busy();        // shutting down
  static net::Response overloaded();  // too many handshakes at once

 private:
  net::Task<> hold_back(EndpointId endpoint);
  net::Task<net::Response> associate(net::Request request);
  net::Task<net::Response> put_snapshot(net::Request request, Caller caller);
  net::Task<net::Response> post_agent(net::Request request, Caller caller);
  // --- poll_trial.cpp
  net::Task<net::Response> show_instance(net::Request request, Caller caller);
  net::Response new_trial(const Caller& caller);

  Parts& parts_;
  const std::string peer_;
  const std::uint64_t connection_;
  const bool makes_tunnels_;
  bool known_ = false;
};

}  // namespace edge::server
