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
  const auto at = host.rfind('@');
  auto name = at == std::string::npos ? host : host.substr(at + 1);
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (name.size() > kSuffix.size() && name.ends_with(kSuffix))
    name.resize(name.size() - kSuffix.size());
  return name;
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
