// What a doctor on the server says of how each step to edged's own ports fails.
#pragma once

#include "doctor/reach.hpp"

namespace edge::control {

const doctor::Advice& poll_advice();
const doctor::Advice& tunnel_advice();

}  // namespace edge::control
