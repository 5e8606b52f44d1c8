// Runs an examination on a loop of its own, and does not wait for name servers that never answer.
#pragma once

#include "net/task.hpp"

namespace edge::doctor {

// Until the task has ended; what leaves it is rethrown.
void run(net::Task<> examination);

}  // namespace edge::doctor
