// Why a session ended without an end of its own: what edged knows about it.
#pragma once

#include <optional>
#include <string>

#include "base/error.hpp"

namespace edge::control {

class AdminClient;

// Nothing: edged did not end it, or is not there to say so.
std::optional<Error> why_session_ended(const AdminClient& api, const std::string& session,
                                       const std::string& endpoint);

}  // namespace edge::control
