// What all sessions of an endpoint may move together (session.bandwidth): as much in each
// direction, as links are.
#pragma once

#include "base/rate.hpp"
#include "net/rate_limit.hpp"

namespace edge::server {

// Owned by the endpoint and by the relays of its sessions, which may be on several loops.
// Thread rule: any thread.
struct SessionLimit {
  net::RateLimit to_node, from_node;

  void set(Rate rate) {
    to_node.set(rate.bytes_per_second);
    from_node.set(rate.bytes_per_second);
  }
};

}  // namespace edge::server
