// Gives back what an idle program does not need.
#pragma once

namespace edge {

// Unmaps the pages of program code that start-up or a tunnel touched (flags, YAML, handshakes), and
// returns free heap: what is needed again is mapped again, page by page. Only executable mappings,
// which are never dirty. Measured on an agent: 13.4 MB of RSS before, 6.1 MB after
// (docs/performance.md).
void release_idle_memory();

}  // namespace edge
