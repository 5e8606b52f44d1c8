// Which addresses, ports and Unix sockets forwarding may reach or listen on: the entries of
// session.allow-targets and session.allow-listen. About addresses, never about names: what is
// checked is what is dialled. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address_set.hpp"
#include "base/error.hpp"

namespace edge {

class TargetRules {
 public:
  static constexpr std::size_t kMostEntries = 256;

  // "192.0.2.1", "10.0.0.0/8", "2001:db8::/32", "localhost" (127.0.0.0/8 and ::1), "*", each also
  // with ":PORT" or ":FIRST-LAST" (IPv6 then in brackets: "[2001:db8::/32]:443"). "unix:/run/**":
  // Unix sockets by path, '*' within a folder, '**' across folders. "*" without a port is those,
  // too. No entries: nothing is allowed. Errc::usage, a line for each mistake.
  static Result<TargetRules> parse(const std::vector<std::string>& entries);

  bool allows(const IpAddress& address, std::uint16_t port) const noexcept;
  bool allows_socket(std::string_view path) const noexcept;  // absolute, without links in it

 private:
  struct Rule {
    AddressSet addresses;
    bool any_address = false, names_ports = false;
    std::uint16_t first = 0, last = 65'535;  // ports
    std::string sockets;                     // pattern of paths: then nothing else counts
  };
  static std::optional<Rule> parse_rule(std::string_view entry);
  std::vector<Rule> rules_;
};

}  // namespace edge
