// What one run of the load program is asked to do.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace edge::bench {

// What a tunnel has at its far end: `commands` are the agent's own sessions, with a scripted
// command in the place of a process.
enum class Sessions { none, shells, scripted, commands };

struct Flags {
  std::filesystem::path state;       // who the agents are, kept between runs
  std::filesystem::path created;     // join: what `edgectl endpoint create --count -o json` printed
  std::string url;                   // wins over what the join tokens say
  std::size_t first = 0;             // the first agent to play
  std::size_t agents = 0;            // how many; 0: all from the first on
  std::string source = "127.0.1.1";  // dial from this address
  std::uint32_t sources = 0;         // and those that follow it, so many; 0: the kernel chooses
  double spread = 5;                 // follow: seconds within which the agents start, at random
  Sessions sessions = Sessions::none;  // follow: none opens no tunnel
  std::string cipher;                  // follow: of the tunnels; "": the agent's own choice
  double seconds = 10;                 // ask, bad: of one round
  std::uint32_t per_second = 2000;     // bad
  std::uint32_t fresh = 10;            // bad: per cent of the askers that connect anew each time
};

}  // namespace edge::bench
