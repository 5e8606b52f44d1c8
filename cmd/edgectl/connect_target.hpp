// [USER@]NAME, as ssh takes it.
#pragma once

#include <string>

#include "base/error.hpp"

namespace edge::edgectl {

struct ConnectTarget {
  std::string user;  // empty: root
  std::string endpoint;
};

// The last @ parts the two. Errc::usage for an empty or odd user and for what is no endpoint name.
Result<ConnectTarget> parse_connect_target(const std::string& text);

// What ssh calls a host: "shop-17.edge" is shop-17, and so are "Shop-17.edge" and "deploy@shop-17".
std::string endpoint_of_host(const std::string& host);

}  // namespace edge::edgectl
