// What a failed authentication costs: its refusal is held back, longer with each failure of the
// same source for the same endpoint, and of a source that tries many. Whether a credential is
// valid is always looked at first (a MAC costs microseconds), so a valid one is never delayed,
// whoever else is behind the same NAT. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "base/time.hpp"

namespace edge::fleet {

class Penalties {
 public:
  static constexpr std::uint32_t kFreeForEndpoint = 3;  // an agent that was given a new token
  static constexpr std::uint32_t kFreeForSource = 50;   // a site whose endpoints were removed
  // No longer: who does not wait comes on a new connection, and a handshake costs ten times what a
  // refusal on a kept one does.
  static constexpr milliseconds kLeast{125}, kMost{500};
  static constexpr std::chrono::minutes kRemembered{10};
  static constexpr std::size_t kMostEntries = 20'000;

  // A failure has happened; how long to hold its refusal back. `source`: base's source_key().
  // `endpoint`: as claimed, it need not exist.
  milliseconds failed(std::uint64_t source, const std::string& endpoint, SteadyTime now);
  // What the failures of a source cost it before anything is looked at, where looking is dear: a
  // key exchange costs a hundred MACs.
  milliseconds owed(std::uint64_t source, SteadyTime now) const;

 private:
  struct Entry {
    std::uint32_t failures = 0;
    SteadyTime last{};
  };
  std::uint32_t count(std::string key, SteadyTime now);
  void make_room(SteadyTime now);

  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace edge::fleet
