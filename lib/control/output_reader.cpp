#include "control/output_reader.hpp"

#include <poll.h>
#include <unistd.h>

namespace edge::control {

bool reader_has_gone() {
  pollfd out{STDOUT_FILENO, 0, 0};
  return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

}  // namespace edge::control
