// What the agent and a session process tell each other, one message a packet.
//
// CBOR, not JSON text: a command, a variable's value and the terminal modes are bytes that need not
// be UTF-8. Both ends are the same program, but the bounds hold for both: the request comes from an
// operator.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <variant>

#include "agent/session_process.hpp"
#include "base/error.hpp"

namespace edge::agent {

inline constexpr std::size_t kMaxPacket = 128 * 1024;  // under the default send buffer of a socket

// Agent to session process. The first is a SessionRequest; no other is. Hanging up is no message:
// the agent shuts its side of the socket down, so that its death and its wish are one and the same.
struct SignalOrder {
  std::string name;
};
using Order = std::variant<SessionRequest, SignalOrder>;

// Session process to agent: one Started (with the descriptors) or one Refused, and after Started
// one SessionEnd.
struct Started {
  pid_t shell = 0;  // also the id of its session and process group
};
struct Refused {
  Error reason;
};
using Report = std::variant<Started, Refused, SessionEnd>;

// Whether the request keeps its bounds (Errc::usage, naming the field): lengths, and no NUL in what
// becomes argv.
Result<void> check(const SessionRequest& request);

std::string encode(const Order& order);
std::string encode(const Report& report);
Result<Order> decode_order(std::string_view packet);
Result<Report> decode_report(std::string_view packet);

}  // namespace edge::agent
