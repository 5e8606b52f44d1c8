// One run of `edgectl forward`: the pieces that its coroutines share. Lives on forward()'s stack.
// Thread rule: one loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control/exit_code.hpp"
#include "control/forward/far_listeners.hpp"
#include "control/forward/forward.hpp"
#include "control/forward/forward_connections.hpp"
#include "control/forward/forward_control.hpp"
#include "control/forward/local_listener.hpp"
#include "control/progress.hpp"

namespace edge::control {

struct ForwardRun {
  ForwardRun(const ForwardOptions& given, const std::string& endpoint_id);
  ForwardRun(const ForwardRun&) = delete;

  // One line for each change of state; a pause is told once.
  void on_state(ForwardState state, const std::string& why);
  void stop(int exit_status);
  // As the forwards stand, in the order of the flags; `chosen`: what each port 0 has become.
  std::vector<std::string> describe(std::vector<std::string>& chosen) const;

  const ForwardOptions& options;
  net::asio::io_context loop{1};
  net::asio::signal_set signals{loop};
  Terminal terminal;
  Progress progress;
  ForwardVoice voice;
  ForwardStatus status;
  ForwardSession session;
  ForwardConnections connections;
  FarListeners far;
  std::vector<std::unique_ptr<LocalListener>> near;
  std::unique_ptr<ForwardControl> control;
  std::shared_ptr<net::Notify> bell;  // rung when it is to end, and when listeners were tried
  bool begun = false, stopping = false, far_tried = false;
  std::optional<Error> far_problem, failure;
  int exit_status = kExitOk;

 private:
  std::string told_offline_;
};

}  // namespace edge::control
