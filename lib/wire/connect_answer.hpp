// What an HTTP proxy is asked, and its answer. Pure; the answer is hostile.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/proxy_url.hpp"

namespace edge::wire {

// With the user's password in it, where the proxy has one: to be sent and wiped.
std::string print_connect(const HostPort& to, const ProxyUrl& proxy);

struct ConnectAnswer {
  int status = 0;
  std::string reason;         // printable, bounded; may be empty
  bool is_text = false;       // its body is for people
  std::size_t body_size = 0;  // as it says; 0 where it does not
  bool opened() const noexcept { return status / 100 == 2; }
};

// `head`: with the empty line that ends it. Errc::usage: this is not HTTP/1.
Result<ConnectAnswer> parse_connect_answer(std::string_view head);

// Whether what has come so far can still become one: "HTTP/1." is at its beginning.
bool may_be_http(std::string_view beginning);

}  // namespace edge::wire
