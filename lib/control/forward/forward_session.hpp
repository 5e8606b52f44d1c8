// The node that a forward goes to, whoever is in between: one SSH connection over a session that
// outlives cuts, and when that is lost for good the next one, until it is told that there is none
// to be had. Thread rule: one loop. Ownership: its owner awaits end() before it lets go.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "control/forward/forward_status.hpp"
#include "control/node_connection.hpp"
#include "net/notify.hpp"

namespace edge::control {

// No later attempt will have another answer.
bool is_final(Errc code);

// How long before the next attempt; doubles with each that failed. Pure.
class ForwardBackoff {
 public:
  static constexpr milliseconds kFirst{500}, kMost{30'000};
  milliseconds next() {
    const auto now = wait_;
    wait_ = std::min(kMost, 2 * wait_);
    return now;
  }
  void start_anew() { wait_ = kFirst; }

 private:
  milliseconds wait_ = kFirst;
};

class ForwardSession {
 public:
  using Node = std::shared_ptr<NodeConnection>;
  // `why`: in words, may be empty.
  using OnState = std::function<void(ForwardState state, const std::string& why)>;
  // What belongs to each session; its task ends with it.
  using OnOpen = std::function<net::Task<>(Node node)>;

  ForwardSession(net::asio::any_io_executor executor, NodeConnection::Order order, OnState on_state,
                 OnOpen on_open);

  // The first one: its errors are the forward's.
  net::Task<Result<void>> open();
  // From then on. Gives the error that no later attempt would mend, or nothing when it is ended.
  net::Task<std::optional<Error>> keep();
  // Null: there was none in time.
  net::Task<Node> wait_for(milliseconds patience);
  const std::string& session_id() const noexcept { return session_id_; }
  net::Task<> end();

 private:
  net::Task<Result<Node>> connect();
  void take(Node node);
  net::Task<> lose();
  net::Task<std::optional<Error>> ended_by_operator();
  void wake();

  net::asio::any_io_executor executor_;
  NodeConnection::Order order_;
  OnState on_state_;
  OnOpen on_open_;
  Node node_;
  std::string session_id_;
  std::vector<std::shared_ptr<net::Notify>> waiting_;  // for a node
  std::unique_ptr<net::TaskGroup> tasks_;              // of the session that is there
  bool ending_ = false;
};

}  // namespace edge::control
