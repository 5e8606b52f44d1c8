#include "server/own_limits.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/address.hpp"
#include "base/log.hpp"

namespace edge::server {
namespace {

// For everything but agents' connections: loops, store, log, and operators' connections with the
// sessions that they become.
constexpr rlim_t kOwnDescriptors = 512;
constexpr rlim_t kEdgedItself = 40;

}  // namespace

config::EdgedConfig with_own_addresses(config::EdgedConfig config) {
  auto port_of = [](const std::vector<std::string>& listen) {
    const auto parsed =
        listen.empty() ? Result<HostPort>(HostPort{}) : parse_host_port(listen.front());
    return parsed ? parsed->port : std::uint16_t{0};
  };
  std::array<char, 256> name{};
  if (config.poll_url.empty() && ::gethostname(name.data(), name.size() - 1) == 0) {
    config.poll_url = format_url(Url{{name.data(), port_of(config.poll_listen)}});
  }
  if (config.tunnel_address.empty()) {
    if (auto url = parse_https_url(config.poll_url)) {
      config.tunnel_address = format_host_port({url->address.host, port_of(config.tunnel_listen)});
    }
  }
  return config;
}

config::EdgedConfig within_descriptors(config::EdgedConfig config) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return config;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  const auto own = std::min(kOwnDescriptors, limit.rlim_cur / 2);
  const auto room = static_cast<std::uint32_t>(std::min<rlim_t>(limit.rlim_cur - own, 1'000'000));
  config.operators = static_cast<std::uint32_t>(own > kEdgedItself ? own - kEdgedItself : 1);
  if (config.connections > room) {
    log::warning(
        "limits.connections",
        {{"configured", config.connections}, {"descriptors", limit.rlim_cur}, {"used", room}});
    config.connections = room;
  }
  return config;
}

}  // namespace edge::server
