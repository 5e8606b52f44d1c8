// The listeners of a forward on its node (-R): each session has its own, asked for again until they
// stand. Thread rule: one loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "control/forward/forward_connections.hpp"

namespace edge::control {

class FarListeners {
 public:
  // `specs` of Kind::remote; they and the connections are there for as long as this is.
  FarListeners(std::vector<const ForwardSpec*> specs, ForwardConnections& connections)
      : specs_(std::move(specs)), connections_(connections), ports_(specs_.size(), 0) {}

  // Called after each attempt to have all of them: with the first problem, or nothing.
  std::function<void(std::optional<Error>)> on_tried;
  // Holds them until the session ends.
  net::Task<> hold(ForwardSession::Node node);
  // As it stands: with the port that was chosen, which the next session asks for, too.
  ForwardPlace place(std::size_t index) const;

 private:
  net::Task<Result<void>> listen(ForwardSession::Node node, std::size_t index);

  const std::vector<const ForwardSpec*> specs_;
  ForwardConnections& connections_;
  std::vector<std::uint16_t> ports_;
  std::vector<std::unique_ptr<ssh::RemoteCommand>> sockets_;  // of this session
};

}  // namespace edge::control
