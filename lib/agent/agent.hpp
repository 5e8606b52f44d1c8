// The agent put together: CheckInLoop, and when it is needed TunnelService, whose sessions
// ShellService serves.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>

#include "agent/check_in_loop.hpp"
#include "agent/identity.hpp"
#include "config/settings.hpp"
#include "net/dial.hpp"
#include "net/task.hpp"

namespace edge::agent {

struct AgentHooks {
  std::function<void(const std::string& text)> status;  // one line for systemctl status
  std::function<void()> went_idle;                      // a tunnel has ended
};

class Agent {
 public:
  // `program`: the path of edge-agent itself, for sessions. `host_key`: of the session server.
  // `dial`: how it gets out of its network.
  Agent(net::asio::any_io_executor executor, const config::AgentConfig& config,
        IdentityFolder folder, Identity identity, Secret host_key, std::uint64_t first_counter,
        std::string program, net::DialOptions dial, AgentHooks hooks);
  ~Agent();

  // Until stop(), or until edged says that the endpoint is gone.
  net::Task<Ending> run();
  void stop();  // on the loop: hangs sessions up, closes the tunnel

 private:
  struct Whole;
  std::shared_ptr<Whole> whole_;
};

// One association, as join does it: says what is wrong instead of trying again. The identity is
// updated (key, associated) on success; storing it is the caller's.
net::Task<Result<void>> associate(PollLink& link, Identity& identity, const Secret& host_key,
                                  milliseconds deadline);
// Sends a snapshot to the poll port.
net::Task<Result<void>> send_snapshot(PollLink& link, const std::string& json,
                                      milliseconds deadline);

}  // namespace edge::agent
