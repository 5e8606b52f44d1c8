// The moves: each throws Failed where not every byte has arrived.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace edge::bench {

struct Moved {
  std::uint64_t bytes = 0;
  double seconds = 0;
};

Moved move_down(const std::string& target, std::uint64_t bytes);  // towards the node
Moved move_up(const std::string& target, std::uint64_t bytes);
Moved move_both_ways(const std::string& target, std::uint64_t bytes);  // at once, so many each way

// Through a command that sends back what it gets; the clock starts when its first byte is back, so
// that what it takes to start is not counted.
Moved move_through(const std::vector<std::string>& command, std::uint64_t bytes);

// Seconds that one byte took to the far end and back, one after the other, for so long and at
// least once; the first, which waits for the stream to be there, is not among them.
std::vector<double> echo(const std::string& target, double for_seconds, double pause);

}  // namespace edge::bench
