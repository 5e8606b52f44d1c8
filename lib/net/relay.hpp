// Both directions between a local socket and a far stream. Each direction ends on its own
// (half-close), and stays for as long as anybody may still use it.
#pragma once

#include <functional>
#include <memory>

#include "net/rate_limit.hpp"
#include "net/socket_stream.hpp"

namespace edge::net {

// What has been read from each side so far.
struct RelayCounts {
  std::uint64_t from_near = 0, from_far = 0;
};

// Which side ended it, by going away; neither: both directions came to their end.
struct RelayEnd {
  bool near_gone = false, far_gone = false;
};

struct RelayHooks {
  std::function<void(const RelayCounts&)> on_bytes;  // may be empty
  // Before each read of the near side: how much it may have. Empty: all there is, at once.
  std::function<Task<std::size_t>()> may_send;
  // What each direction shares with others; null, or off: as fast as it can.
  std::shared_ptr<RateLimit> limit_to_far, limit_to_near;
};

struct RelayTimes {
  milliseconds last_bytes{5'000};  // of a near side that has gone, to the far one
  milliseconds stuck_look{2'000};  // while the far side takes nothing: is the near one still there?
};

// `socket`: the near side's own, to see that its peer has closed it wholly, which reading alone
// cannot tell from a half-close; inside of `near`. Until both directions have ended, or one side
// has gone. Both are closed at the end.
// Thread rule: the loop of both. REQUIRES: the near socket is a Unix one.
Task<RelayEnd> relay(std::shared_ptr<Stream> near, Socket& socket, std::shared_ptr<Stream> far,
                     RelayHooks hooks, RelayTimes times = {});

// A descriptor for what has none: one end of a socket pair is given away, the other one is relayed
// to `stream`, which is closed when the taker closes its end. `pace_of`: the TCP socket below the
// stream; bulk does not make a slow path's queue longer than it must be.
struct Bridge {
  int descriptor = -1;  // non-blocking; the caller's
  Task<> work;          // to be spawned; ends when either side has
};
Result<Bridge> bridge(std::shared_ptr<Stream> stream, int pace_of);

}  // namespace edge::net
