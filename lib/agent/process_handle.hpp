// A process by a descriptor, which unlike its id is never another process's.
#pragma once

#include <sys/types.h>

#include "base/descriptor.hpp"

namespace edge::agent {

// Readable when the process has ended; close-on-exec. Empty, with errno set, when there is no such
// process (or the kernel is older than Linux 5.3).
Descriptor open_process(pid_t process);

void signal_process(const Descriptor& handle, int signal);

}  // namespace edge::agent
