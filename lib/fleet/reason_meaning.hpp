// What each reason for a tunnel that is not open means, and what to do next: the one table that
// both doctors, edged's own errors and docs speak from.
#pragma once

#include <string>

#include "fleet/tunnel_life.hpp"

namespace edge::fleet {

struct ReasonMeaning {
  Reason reason;
  const char* meaning;
  const char* next;  // NAME stands for the endpoint
};

// REQUIRES: not Reason::none.
const ReasonMeaning& meaning_of(Reason reason);
// The next step with the endpoint's name in it.
std::string next_step(Reason reason, const std::string& endpoint);

}  // namespace edge::fleet
