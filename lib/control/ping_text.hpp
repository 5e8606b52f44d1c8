// What edgectl ping prints: when the agent checks in, a line for each answer, and a summary.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace edge::control {

// "last check-in 12s ago, held now": from "check-in" of a ping, or GET .../check-in.
std::string check_in_text(const nlohmann::json& check_in);
// "34.2 ms"
std::string round_trip_text(std::int64_t microseconds);
// "answer from shop-17: seq=1 time=34.2 ms path=direct from=203.0.113.7"
std::string ping_line(const std::string& name, unsigned number, const nlohmann::json& answer);

// Of the answers so far.
struct PingTally {
  unsigned asked = 0, answered = 0;
  std::int64_t least = 0, most = 0, sum = 0;  // microseconds

  void add(std::int64_t microseconds);
  std::string text(const std::string& name) const;  // two lines
  nlohmann::json view() const;
};

}  // namespace edge::control
