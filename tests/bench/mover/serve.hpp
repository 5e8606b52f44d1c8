// The scripted service on a TCP port, for what stands behind OpenSSH's end of a tunnel.
#pragma once

#include <string>

namespace edge::bench {

// On a free port of that IPv4 address, which it prints ({"port": N}); until stdin ends.
void serve(const std::string& address);

}  // namespace edge::bench
