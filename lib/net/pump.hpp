// Both directions between a socket and a far stream. Each ends on its own (half-close); a far side
// that closes the stream, or whose carrier ends, ends both.
#pragma once

#include <functional>
#include <memory>

#include "net/socket_stream.hpp"

namespace edge::net {

struct PumpHooks {
  std::function<void(std::size_t)> on_sent, on_received;  // to and from the far side; may be empty
  // Before a piece goes on, at most `piece` bytes; false: cancelled. Empty: no limit.
  std::function<Task<bool>(std::size_t)> may_send, may_receive;
  std::function<std::size_t()> piece;
};

// Nobody takes what a socket does not read, once the far side has gone: this long it is waited for.
inline constexpr milliseconds kLastBytes{5'000};

// Closes both at the end. Thread rule: the loop of both.
Task<> pump(Socket near, std::shared_ptr<Stream> far, PumpHooks hooks = {});

}  // namespace edge::net
