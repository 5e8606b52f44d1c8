// The messages of SOCKS5 (RFC 1928) and of its user and password (RFC 1929), a client's side. Pure;
// answers are hostile.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/address.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"

namespace edge::wire {

enum class SocksMethod { none, password };

inline constexpr std::size_t kSocksMethodSize = 2;
inline constexpr std::size_t kSocksLoginSize = 2;
// Of a reply: version, code, reserved, kind of address, and the first byte of the address, which is
// its length where it is a name.
inline constexpr std::size_t kSocksReplySize = 5;

// "No authentication", and user and password as well where there are some.
std::string print_socks_greeting(bool with_password);
// Errors are the end of a sentence about the proxy. Errc::not_allowed: it takes nothing of what was
// offered; Errc::usage: it is no SOCKS5 proxy.
Result<SocksMethod> parse_socks_method(std::string_view answer, bool with_password);

// REQUIRES: neither is longer than 255 bytes. To be sent and wiped.
std::string print_socks_login(const std::string& user, const Secret& password);
bool parse_socks_login(std::string_view answer);  // was it accepted

// A name is sent as a name: the proxy resolves it. REQUIRES: not longer than 255 bytes.
std::string print_socks_connect(const HostPort& to);
// How many bytes of the reply follow these kSocksReplySize. Errc::unreachable: refused, the reason
// in words; Errc::usage: as above.
Result<std::size_t> parse_socks_reply(std::string_view beginning);

}  // namespace edge::wire
