// Packets with descriptors over a Unix SOCK_SEQPACKET socket; nothing here waits.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/descriptor.hpp"
#include "base/error.hpp"

namespace edge::agent {

inline constexpr std::size_t kMaxDescriptors = 4;

struct Packet {
  std::string bytes;
  std::vector<Descriptor> descriptors;  // close-on-exec
};

// Both ends close-on-exec and non-blocking.
Result<std::pair<Descriptor, Descriptor>> control_socket_pair();

// REQUIRES: bytes is not empty, at most kMaxDescriptors descriptors.
Result<void> send_packet(int socket, std::string_view bytes, std::span<const int> descriptors = {});

// Nothing when nothing has arrived; Errc::unreachable when the other side is gone.
Result<std::optional<Packet>> receive_packet(int socket);

}  // namespace edge::agent
