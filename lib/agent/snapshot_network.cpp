// network: interfaces with their hardware and IP addresses; the loopback interface is left out.
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <system_error>
#include <tuple>

#include "agent/snapshot_draft.hpp"
#include "base/text.hpp"

namespace edge::agent {
namespace {

struct Interface {
  std::string name;
  std::uint64_t index = UINT64_MAX;
};

using Addresses = std::map<std::string, std::vector<std::string>>;  // by interface

std::string text_of(const sockaddr* address) {
  if (address == nullptr) return {};
  char text[INET6_ADDRSTRLEN] = {};
  const void* bytes = nullptr;
  if (address->sa_family == AF_INET) {
    bytes = &reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
  } else if (address->sa_family == AF_INET6) {
    bytes = &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
  }
  if (bytes == nullptr) return {};
  return inet_ntop(address->sa_family, bytes, text, sizeof text) == nullptr ? "" : text;
}

Result<Addresses> read_addresses() {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) {
    return fail(Errc::failure, "getifaddrs: " + std::generic_category().message(errno));
  }
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(first, &::freeifaddrs);
  Addresses addresses;
  for (const auto* entry = first; entry != nullptr; entry = entry->ifa_next) {
    auto& found = addresses[entry->ifa_name];
    const auto text = text_of(entry->ifa_addr);
    if (!text.empty() && found.size() < kMaxAddresses) found.push_back(text);
  }
  return addresses;
}

// By index: the kernel numbers hardware first, so the bound cuts off veth pairs of containers and
// not eth0.
Result<std::vector<Interface>> read_interfaces(const SnapshotDraft& draft) {
  constexpr std::size_t kMaxEntries = 4096;
  std::error_code error;
  std::filesystem::directory_iterator entry(draft.below_root("sys/class/net"), error);
  if (error) return fail(Errc::failure, "/sys/class/net: " + error.message());
  std::vector<Interface> interfaces;
  for (;
       !error && entry != std::filesystem::directory_iterator() && interfaces.size() < kMaxEntries;
       entry.increment(error)) {
    Interface found{entry->path().filename().string()};
    if (found.name == "lo" || found.name == "bonding_masters") continue;
    if (const auto text = draft.read("sys/class/net/" + found.name + "/ifindex")) {
      if (const auto index = parse_count(trimmed(*text))) found.index = *index;
    }
    interfaces.push_back(std::move(found));
  }
  std::sort(interfaces.begin(), interfaces.end(), [](const auto& left, const auto& right) {
    return std::tie(left.index, left.name) < std::tie(right.index, right.name);
  });
  return interfaces;
}

nlohmann::json describe(SnapshotDraft& draft, const std::string& name,
                        const Result<Addresses>& addresses) {
  const auto key = "network[" + printable(name, 32) + "].";
  nlohmann::json network{{"name", printable(name, 32)}};
  const auto mac = draft.read("sys/class/net/" + name + "/address");
  if (!mac) {
    draft.absent(key + "mac", mac.error().message);
  } else if (const auto text = trimmed(*mac); text.empty() || text == "00:00:00:00:00:00") {
    draft.absent(key + "mac", "the interface has none");
  } else {
    network["mac"] = printable(text, 64);
  }
  if (!addresses) {
    draft.absent(key + "addresses", addresses.error().message);
    return network;
  }
  const auto found = addresses->find(name);
  network["addresses"] = found == addresses->end() ? std::vector<std::string>{} : found->second;
  return network;
}

}  // namespace

void add_network(SnapshotDraft& draft) {
  const auto interfaces = read_interfaces(draft);
  if (!interfaces) return draft.absent("network", interfaces.error().message);
  const Result<Addresses> addresses =
      draft.is_node() ? read_addresses()
                      : Result<Addresses>(fail(Errc::failure, "only read on the node itself"));
  auto network = nlohmann::json::array();
  for (const auto& interface : *interfaces) {
    if (network.size() == kMaxInterfaces) {
      draft.absent("network", "only the first " + std::to_string(kMaxInterfaces) + " of " +
                                  std::to_string(interfaces->size()) + " are listed");
      break;
    }
    network.push_back(describe(draft, interface.name, addresses));
  }
  draft.set("network", std::move(network));
}

}  // namespace edge::agent
