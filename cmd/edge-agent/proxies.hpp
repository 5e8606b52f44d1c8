// The proxy of this node, as the configuration and the environment name it.
#pragma once

#include <memory>

#include "config/settings.hpp"
#include "net/proxy_rules.hpp"

namespace edge::edge_agent {

// Null: none. Errors name the key or the variable, and no password (Errc::usage).
Result<std::shared_ptr<const net::ProxyRules>> load_proxies(const config::AgentConfig& config);

}  // namespace edge::edge_agent
