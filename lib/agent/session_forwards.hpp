// What one session connection may have beside shells: connections from this node to elsewhere (ssh
// -L, -D, -W, -J) and listeners on it (ssh -R). Each is checked where it takes effect: the account
// before the first of them, the address when it is dialled. Thread rule: one loop.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "agent/forward_budget.hpp"
#include "agent/forward_listeners.hpp"
#include "base/target_rules.hpp"
#include "config/settings.hpp"
#include "net/notify.hpp"
#include "ssh/shell_server.hpp"

namespace edge::agent {

class SessionForwards {
 public:
  // `program`: edge-agent itself, which checks accounts, by PAM where the node had it.
  SessionForwards(net::asio::any_io_executor executor, const config::AgentConfig& config,
                  ForwardBudget& budget, std::string program, std::string session, bool needs_pam);

  ssh::ForwardHooks hooks();                                  // for the server
  void serve(ssh::ShellServer* server) { server_ = server; }  // at once after it is there
  // REQUIRES: the server is closed, which ends all connections, and still there.
  net::Task<> end();

 private:
  using Request =
      std::variant<std::unique_ptr<ssh::ForwardRequest>, std::unique_ptr<ssh::ListenRequest>>;
  void ask(Request request);
  net::Task<> take_requests();
  net::Task<Result<void>> check_asked_account();
  net::Task<> dial(std::unique_ptr<ssh::ForwardRequest> request);
  net::Task<Result<net::Socket>> connect(HostPort target);
  void listen(ssh::ListenRequest& request);
  void refuse(const std::string& what, const Error& reason);

  net::asio::any_io_executor executor_;
  const config::AgentConfig& config_;
  ForwardBudget& budget_;
  const std::string program_, session_;
  const bool needs_pam_;
  std::string account_;
  TargetRules targets_, listens_;
  ssh::ShellServer* server_ = nullptr;
  std::deque<Request> requests_;
  std::shared_ptr<net::Notify> bell_;
  bool ending_ = false;
  ForwardListeners listeners_;
  net::TaskGroup tasks_, pumps_;
};

}  // namespace edge::agent
