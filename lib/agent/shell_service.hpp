// Sessions on this node: SSH over a stream of the tunnel, and behind each ordered shell a process
// of its own. Thread rule: one loop.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/forward_budget.hpp"
#include "agent/session_process.hpp"
#include "agent/session_service.hpp"
#include "config/settings.hpp"
#include "ssh/shell_server.hpp"

namespace edge::agent {

class ShellService final : public SessionService {
 public:
  // What is behind a shell: a process, unless sessions are only to be measured.
  using Start = std::function<Result<std::unique_ptr<SessionProcess>>(
      net::asio::any_io_executor executor, const std::string& program,
      const SessionRequest& request)>;
  ShellService(net::asio::any_io_executor executor, const config::AgentConfig& config,
               Secret host_key, std::string program, Start start = start_session);

  bool full() const noexcept override { return live_ >= config_.sessions; }
  std::size_t live() const noexcept { return live_; }
  net::Task<> serve(std::shared_ptr<net::Stream> stream, SessionTerms terms,
                    std::function<void()> on_bytes) override;

 private:
  net::Task<> run_shell(std::shared_ptr<ssh::ShellChannel> channel, std::string session);

  net::asio::any_io_executor executor_;
  const config::AgentConfig& config_;
  ssh::ServerIdentity identity_;
  const std::string program_;
  const Start start_;
  ForwardBudget budget_;
  const bool needs_pam_;
  std::size_t live_ = 0;
};

// Whether the text matches one of the shell patterns ("*", "LC_*").
bool matches_any(const std::vector<std::string>& patterns, const std::string& text);

}  // namespace edge::agent
