// The processes of a Unix session (setsid), found in /proc.
#pragma once

#include <sys/types.h>

#include <initializer_list>
#include <optional>
#include <string_view>

namespace edge::agent {

struct ProcessStat {
  char state = '?';  // 'Z' and 'X' are dead
  pid_t session = 0;
};

// The text of /proc/PID/stat; its second field is a name that the process chooses.
std::optional<ProcessStat> parse_process_stat(std::string_view text);

// Sends the signals, in this order, to every living process of the session; how many there were.
// Goes by pidfd, so that a process id that was used again meanwhile is never hit.
std::size_t signal_members(pid_t session, std::initializer_list<int> signals);

std::size_t count_members(pid_t session);

}  // namespace edge::agent
