// The proxy of this node, as the configuration and the environment name it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "config/settings.hpp"
#include "net/proxy_rules.hpp"

namespace edge::edge_agent {

// A variable's value; "" is not set.
using Environment = std::function<std::string(const char* name)>;
std::string own_environment(const char* name);

// Null: none. Errors name the key or the variable, and no password (Errc::usage).
Result<std::shared_ptr<const net::ProxyRules>> load_proxies(
    const config::AgentConfig& config, const Environment& variable = own_environment);

}  // namespace edge::edge_agent
