// What one `edgectl forward` is doing: its own process writes it, `forward ls` and `show` read it.
#pragma once

#include <sys/types.h>

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace edge::control {

enum class ForwardState {
  connecting,  // the first time
  connected,
  paused,   // the session waits for its node, or for edged; connections stand still
  offline,  // the session is lost, the next one is being opened
};
const char* to_string(ForwardState state);

struct ForwardStatus {
  std::string id;
  std::string endpoint, account;  // account: empty for the default one
  std::string started_by;         // the account here
  pid_t process = 0;
  bool detached = false;
  std::string log;                    // its file; empty: stderr
  std::vector<std::string> forwards;  // "-L 127.0.0.1:8080 -> localhost:80", as they stand
  ForwardState state = ForwardState::connecting;
  std::string session;     // of edged's list; empty: none
  std::string last_error;  // of this state's cause, or of a connection; empty: none
  WallTime since{}, state_since{};
  std::size_t open = 0;  // connections now
  std::uint64_t connections = 0, refused = 0;
  std::uint64_t bytes_in = 0, bytes_out = 0;  // from and to the far side
  std::uint64_t limit = 0;                    // bytes a second each way; 0: none
};

nlohmann::json to_json(const ForwardStatus& status);

}  // namespace edge::control
