// The header of the PROXY protocol, versions 1 and 2 (haproxy's proxy-protocol.txt): what a
// balancer sends ahead of everything else to tell whom it speaks for. Pure. Whether the sender may
// be believed is decided before: the header of a stranger is not even looked for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace edge::wire {

inline constexpr std::size_t kMaxProxyHeader = 4096;  // version 2, with its TLVs; they are skipped

struct ProxyHeader {
  enum class State {
    absent,     // the first byte begins no header; neither TLS (0x16) nor "SSH-" ever does
    need_more,  // every byte so far belongs to a header that goes on
    malformed,  // begins like one and is none: the connection must end
    complete,
  };
  State state = State::need_more;
  std::size_t size = 0;  // complete: the header's bytes; what follows is the client's
  // complete: the client, IPv4-mapped addresses as IPv4. Empty when the sender speaks for itself or
  // knows no address (LOCAL, UNKNOWN, a Unix socket): the connection's own address holds.
  std::string address;
  std::uint16_t port = 0;
};

// The header at the start of `bytes`, all that came so far.
ProxyHeader parse_proxy_header(std::string_view bytes);

}  // namespace edge::wire
