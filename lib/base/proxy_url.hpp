// The URL of a proxy as people and environments write it. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/address.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"

namespace edge {

struct ProxyUrl {
  enum class Kind { http, socks5 };
  Kind kind = Kind::http;
  HostPort address;
  std::string user;  // "" for none
  Secret password;
};

// "http://proxy:3128", "http://alice:p%40ss@[2001:db8::1]:3128", "socks5://proxy",
// "socks5h://proxy" (port 1080); "proxy:3128" is http, as curl has it. A single '/' at the end is
// ignored. User and password are percent-decoded. Names are the proxy's to resolve, with socks5 as
// with socks5h. Errc::usage; no error repeats a part of the text but its scheme: the rest may be a
// password.
Result<ProxyUrl> parse_proxy_url(std::string_view text);

// "http://alice@proxy:3128": never the password.
std::string format_proxy_url(const ProxyUrl& proxy);
std::string proxy_name(const ProxyUrl& proxy);  // "proxy proxy.example:3128", for errors

}  // namespace edge
