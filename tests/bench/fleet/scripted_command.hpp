// What a simulated agent runs instead of a process. Everything around it is an agent's own: the
// tunnel, the lasting stream, SSH, the pumps and their pipes. A fork and an exec would cost the one
// core that plays a thousand agents more than all of that, where a real fleet has a core for each.
//   true        ends with 0
//   print N     N bytes in lines of 100, and 0
//   anything else ends with 127
// Thread rule: one loop.
#pragma once

#include <memory>

#include "agent/session_process.hpp"
#include "net/task.hpp"

namespace edge::bench {

Result<std::unique_ptr<agent::SessionProcess>> start_scripted_command(
    net::asio::any_io_executor executor, const std::string& program,
    const agent::SessionRequest& request);

}  // namespace edge::bench
