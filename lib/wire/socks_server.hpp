// The other side of SOCKS: what a program asks of us (ssh -D). SOCKS 4, 4a and 5 (RFC 1928),
// without a password, CONNECT only. Pure; every byte is a stranger's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/address.hpp"

namespace edge::wire {

// How a connection that was asked for ended up; the closest word that SOCKS has.
enum class SocksOutcome { connected, failed, not_allowed, unreachable, refused, timed_out };

// One client's way to its target. Feed it what has come so far; it says what to send, and at the
// end where to.
class SocksDialogue {
 public:
  // No request that is meant is longer.
  static constexpr std::size_t kMost = 1'024;

  struct Step {
    std::size_t taken = 0;           // of the bytes given: not to be given again
    std::string reply;               // to be sent now
    std::optional<HostPort> target;  // asked for: connect, then send answer()
    std::string mistake;             // after the reply: close
  };
  // Nothing taken, asked or mistaken: more bytes are needed.
  Step take(std::string_view bytes);

  // REQUIRES: a target was asked for.
  std::string answer(SocksOutcome outcome) const;

 private:
  Step take_greeting(std::string_view bytes);
  Step take_request(std::string_view bytes);
  Step take_old_request(std::string_view bytes);

  int version_ = 0;  // not known yet
};

}  // namespace edge::wire
