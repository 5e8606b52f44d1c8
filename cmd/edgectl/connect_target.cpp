#include "edgectl/connect_target.hpp"

#include <algorithm>

#include "base/ids.hpp"

namespace edge::edgectl {
namespace {

// What useradd(8) would let be, and directory services: no white space, no control characters, no
// path.
bool is_user_name(const std::string& user) {
  return !user.empty() && user.size() <= 64 && user.front() != '-' &&
         std::all_of(user.begin(), user.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte > 0x20 && byte != 0x7F && c != '/' && c != ':';
         });
}

}  // namespace

std::string endpoint_of_host(const std::string& host) {
  constexpr std::string_view kSuffix = ".edge";
  const bool ends_so = host.size() > kSuffix.size() &&
                       host.compare(host.size() - kSuffix.size(), kSuffix.size(), kSuffix) == 0;
  return ends_so ? host.substr(0, host.size() - kSuffix.size()) : host;
}

Result<ConnectTarget> parse_connect_target(const std::string& text) {
  ConnectTarget target;
  const auto at = text.rfind('@');
  target.endpoint = at == std::string::npos ? text : text.substr(at + 1);
  if (at != std::string::npos) {
    target.user = text.substr(0, at);
    if (!is_user_name(target.user)) {
      return fail(Errc::usage, "'" + target.user + "' is no user name",
                  "edgectl connect USER@NAME");
    }
  }
  if (!is_endpoint_name(target.endpoint)) {
    return fail(Errc::usage, "'" + target.endpoint + "' is no endpoint name: " + kEndpointNameRule,
                "edgectl ls");
  }
  return target;
}

}  // namespace edge::edgectl
