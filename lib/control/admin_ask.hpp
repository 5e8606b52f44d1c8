// One request to the admin socket from a loop that has other things to do meanwhile; AdminClient is
// for everybody else. Thread rule: one loop.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/error.hpp"
#include "base/time.hpp"
#include "net/task.hpp"

namespace edge::control {

// Errors are as AdminClient's.
net::Task<Result<nlohmann::json>> ask_admin(std::string socket, std::string method,
                                            std::string path, nlohmann::json body,
                                            milliseconds deadline);

}  // namespace edge::control
