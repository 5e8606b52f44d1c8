// The requests of one connection of the poll port. Order: bounds are the port's, then
// authentication, then the rest.
#pragma once

#include <optional>

#include "net/http.hpp"
#include "server/parts.hpp"

namespace edge::server {

class PollConnection {
 public:
  static constexpr std::size_t kStrangerBody = 16 * 1024;  // an association is smaller
  static constexpr std::size_t kBodyLimit = 256 * 1024;
  static constexpr std::size_t kSnapshotLimit = 1024 * 1024;  // inflated

  PollConnection(Parts& parts, net::Stream& stream, std::string peer, std::uint64_t id);
  ~PollConnection();

  // Nothing: the agent went away while its check-in was held.
  net::Task<std::optional<net::Response>> answer(net::Request request);

  // Whether somebody has proved on this connection who it is: before that every bound is a
  // stranger's.
  bool known() const noexcept { return known_; }

 private:
  net::Task<std::optional<net::Response>> check_in(net::Request request, Caller caller,
                                                   bool by_mac);
  std::optional<net::Response> clone_refused(const Caller& caller);
  net::Task<std::optional<CheckInAnswer>> hold(Caller caller, milliseconds wait);
  net::Task<net::Response> associate(net::Request request);
  net::Task<net::Response> put_snapshot(net::Request request, Caller caller);
  net::Task<net::Response> post_agent(net::Request request, Caller caller);

  Parts& parts_;
  net::Stream& stream_;
  const std::string peer_;
  const std::uint64_t id_;
  std::shared_ptr<net::Notify> bell_;
  bool known_ = false;
  std::optional<Caller> caller_;  // of the last check-in, for goodbye
};

}  // namespace edge::server
