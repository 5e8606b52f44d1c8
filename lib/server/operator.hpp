// Who is on the other end of the admin socket.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace edge::server {

// From which user and which login. The kernel says so (SO_PEERCRED, /proc/PID/loginuid and
// sessionid), of the process that connected.
struct OperatorLogin {
  std::string user;  // whom the process belongs to
  uid_t uid = 0;
  pid_t pid = 0;
  // Who logged in, before sudo or su; nothing: nobody did (a service, a container).
  std::optional<uid_t> login_uid;
  std::string login_user;
  std::optional<std::uint32_t> login_session;  // as in the audit log
};

struct Operator {
  std::string name;  // "alice", or "alice as root"
  OperatorLogin login;
};

Operator operator_of(int socket);

}  // namespace edge::server
