// To which of a name's addresses to connect (RFC 8305): one after the other, a moment apart, and
// the first that answers is taken. A family that goes nowhere then costs that moment, not the whole
// deadline.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "net/socket_stream.hpp"

namespace edge::net {

inline constexpr milliseconds kNextAttempt{250};  // RFC 8305, section 8
inline constexpr std::size_t kMostAddresses = 16;

// The families in turn, beginning with the one that the resolver put first; within a family as the
// resolver sorted them. Each address once, at most kMostAddresses.
std::vector<asio::ip::tcp::endpoint> interleave(
    const std::vector<asio::ip::tcp::endpoint>& addresses);

// An address and why it was tried in vain.
using FailedAttempt = std::pair<asio::ip::address, std::string>;
// "Connection refused" of one, "192.0.2.1: Connection refused; 2001:db8::1: no answer in time; and
// 3 more" of several.
std::string print_attempts(const std::vector<FailedAttempt>& attempts);

// Connects to the addresses in their order: the next attempt begins kNextAttempt after the last
// one, or at once when one fails; who is late is closed. Errors say why, of each address where
// there are several. `from`: the local address, any port; nothing leaves it to the kernel.
// `again`: while none of them says anything, begin anew, an attempt every kNextAttempt: whenever
// the network comes back, one of them is just leaving.
enum class Again { no, yes };
Task<Result<Socket>> connect_first(std::vector<asio::ip::tcp::endpoint> addresses,
                                   milliseconds deadline, std::optional<asio::ip::address> from,
                                   Again again = Again::no);

}  // namespace edge::net
