#include "edge-agent/proxies.hpp"

#include <cstdlib>

namespace edge::edge_agent {
std::string own_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<std::shared_ptr<const net::ProxyRules>> load_proxies(const config::AgentConfig& config,
                                                            const Environment& variable) {
  net::ProxyWishes wishes;
  wishes.url = config.proxy_url;
  wishes.except = config.proxy_except;
  // In curl's order. HTTP_PROXY is not among them: everything that an agent dials is encrypted.
  for (const char* name : {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"})
    wishes.variables.push_back({name, Secret(variable(name))});
  wishes.no_proxy = variable("no_proxy");
  if (wishes.no_proxy.empty()) wishes.no_proxy = variable("NO_PROXY");
  return net::ProxyRules::make(wishes);
}

}  // namespace edge::edge_agent
