// What edged knows of an instance that asks for it: the 200 of GET /v1/trial (docs/poll-api.md).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/time.hpp"

namespace edge::wire {

struct InstanceView {
  WallTime time{};      // edged's clock
  std::string name;     // of the endpoint, as it is now
  std::string address;  // of who asks, as edged sees it
  std::string tunnel;   // HOST:PORT of the tunnel port
  // Of the last check-in, or of an open tunnel; nothing: none since edged started, or ever.
  std::optional<milliseconds> silent_for;
  milliseconds silence_allowed{0};          // then the endpoint is offline
  bool held = false;                        // a check-in is held just now
  bool has_tunnel = false;                  // this instance has the endpoint's tunnel
  std::optional<milliseconds> cloned;       // so long ago another machine came with this identity
  milliseconds hold{0};                     // as ordered; 0: off
  std::optional<milliseconds> hold_in_use;  // what the agent asks for, if it said so
  std::string failure, failure_detail;      // why its last tunnel did not open; "": it did
};

// JSON keys: apiVersion, time, name, address, tunnel, silent-ms, allowed-ms, held, has-tunnel,
// cloned-ms, hold-ms, hold-in-use-ms, failure, failure-detail. What is not known is absent.
std::string print_instance_view(const InstanceView& view);
Result<InstanceView> parse_instance_view(std::string_view json);

}  // namespace edge::wire
