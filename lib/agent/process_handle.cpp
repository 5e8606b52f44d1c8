#include "agent/process_handle.hpp"

#include <sys/syscall.h>

namespace edge::agent {

// System calls: <sys/pidfd.h> of glibc 2.36 cannot be used from C++ (it has no linkage
// declaration).
Descriptor open_process(pid_t process) {
  return Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
}

void signal_process(const Descriptor& handle, int signal) {
  ::syscall(SYS_pidfd_send_signal, handle.get(), signal, nullptr, 0);
}

}  // namespace edge::agent
