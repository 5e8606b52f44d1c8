// Where a listener that an operator asks for (ssh -R) may be. Pure, but for what the kernel says of
// its ports.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/target_rules.hpp"

namespace edge::agent {

// The addresses to listen on for what was asked: "" and "*" (anywhere), "localhost", or an address.
// Empty: not allowed. Anywhere is loopback, unless the rules allow both 0.0.0.0 and ::.
std::vector<std::string> listen_addresses(const TargetRules& rules, const std::string& asked,
                                          std::uint16_t port);

// The agent may be root: what the kernel keeps for root must not become another account's through
// it.
bool may_listen_on(std::uint16_t port, const std::string& account,
                   std::uint16_t first_unprivileged);
std::uint16_t first_unprivileged_port();  // of this node

}  // namespace edge::agent
