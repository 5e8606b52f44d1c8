// What is dialled without a proxy: the entries of proxy.except and NO_PROXY, with curl's rules.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.hpp"
#include "base/address_set.hpp"
#include "base/error.hpp"

namespace edge {

class ProxyExceptions {
 public:
  static constexpr std::size_t kMostEntries = 256;

  // "example.com" and ".example.com" (that name and all below it), "*.example.com" (the same),
  // "192.0.2.1", "[2001:db8::1]", "10.0.0.0/8", each but a range also with ":PORT"; "*" is
  // everything. Case does not matter. Errc::usage, a line for each mistake.
  static Result<ProxyExceptions> parse(const std::vector<std::string>& entries);

  // The environment's, separated by commas and white space. It is written for other programs, too:
  // what is none of the above is nobody, as it is to curl.
  static ProxyExceptions from_environment(std::string_view no_proxy);

  // No name is resolved for it: ranges hold for addresses that are dialled as such.
  bool contains(const HostPort& address) const;
  bool empty() const noexcept { return rules_.empty() && !all_; }

 private:
  struct Rule {
    std::string name;  // lower case, without dots around; "" where it is a range
    IpAddress first;
    unsigned prefix = 0;     // of the 128 bits
    std::uint16_t port = 0;  // 0: every one
  };
  static std::optional<Rule> parse_rule(std::string_view entry);
  bool add(std::string_view entry);

  std::vector<Rule> rules_;
  bool all_ = false;
};

}  // namespace edge
