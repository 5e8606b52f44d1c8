// An entry in utmp and wtmp, so that who(1) and last(1) show the session; gone when this ends.
// PAM's modules and logind write none: sshd and login write their own, too.
#pragma once

#include <sys/types.h>

#include <string>

namespace edge::agent {

// Best effort: not root, or no utmp on this system, is no failure.
class LoginRecord {
 public:
  LoginRecord(std::string account, const std::string& terminal, pid_t shell);
  LoginRecord(const LoginRecord&) = delete;
  LoginRecord& operator=(const LoginRecord&) = delete;
  ~LoginRecord();

 private:
  void write(short type) const;

  std::string account_;
  std::string line_;  // "pts/3", empty: nothing is written
  pid_t shell_;
};

}  // namespace edge::agent
