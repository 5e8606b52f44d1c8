// While a tunnel is waited for: what for, again each second. Thread rule: the loop's.
#pragma once

#include <string>

#include "control/admin_client.hpp"
#include "control/progress.hpp"
#include "net/task.hpp"

namespace edge::control {

// Until it is cancelled. `instance`: the one that is wanted; empty: any. On a terminal at once;
// elsewhere only what takes over a second is worth a line.
net::Task<> show_waiting(AdminClient api, Progress& progress, bool on_terminal,
                         std::string endpoint, std::string instance);

}  // namespace edge::control
