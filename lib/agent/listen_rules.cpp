#include "agent/listen_rules.hpp"

#include <fstream>

namespace edge::agent {

std::vector<std::string> listen_addresses(const TargetRules& rules, const std::string& asked,
                                          std::uint16_t port) {
  const auto allowed = [&rules, port](const std::string& text) {
    const auto address = parse_ip(text);
    return address && rules.allows(*address, port);
  };
  std::vector<std::string> wanted{asked};
  const bool anywhere = asked.empty() || asked == "*";
  if (anywhere && allowed("0.0.0.0") && allowed("::")) {
    wanted = {"0.0.0.0", "::"};
  } else if (anywhere || asked == "localhost") {
    wanted = {"127.0.0.1", "::1"};
  }
  std::erase_if(wanted, [&allowed](const auto& address) { return !allowed(address); });
  return wanted;
}

bool may_listen_on(std::uint16_t port, const std::string& account,
                   std::uint16_t first_unprivileged) {
  return port == 0 || port >= first_unprivileged || account == "root";
}

std::uint16_t first_unprivileged_port() {
  std::uint16_t port = 1024;
  std::ifstream setting("/proc/sys/net/ipv4/ip_unprivileged_port_start");
  if (std::uint16_t told = 0; setting >> told) port = told;
  return port;
}

}  // namespace edge::agent
