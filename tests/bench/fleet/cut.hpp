// Ends this process's own connections from below, as a network does: nobody says goodbye.
#pragma once

#include <cstddef>
#include <cstdint>

namespace edge::bench {

// All TCP connections to that port; how many there were. Both ends see them end at once.
std::size_t cut_connections_to(std::uint16_t port);

}  // namespace edge::bench
