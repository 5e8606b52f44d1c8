#include "agent/login_record.hpp"

#include <sys/time.h>
#include <unistd.h>
#include <utmpx.h>

#include <algorithm>
#include <string_view>

namespace edge::agent {
namespace {

constexpr std::string_view kDevices = "/dev/";

// The fields of utmp are cut, and need no end mark.
template <std::size_t size>
void put(char (&field)[size], std::string_view text) {
  std::copy_n(text.begin(), std::min(text.size(), size), field);
}

}  // namespace

LoginRecord::LoginRecord(std::string account, const std::string& terminal, pid_t shell)
    : account_(std::move(account)), shell_(shell) {
  if (::geteuid() != 0 || !terminal.starts_with(kDevices)) return;
  line_ = terminal.substr(kDevices.size());
  write(USER_PROCESS);
}

LoginRecord::~LoginRecord() {
  if (!line_.empty()) write(DEAD_PROCESS);
}

void LoginRecord::write(short type) const {
  utmpx entry{};
  entry.ut_type = type;
  entry.ut_pid = shell_;
  put(entry.ut_line, line_);
  // By custom the id is the line's end: "pts/12" is "s/12", as other programs choose it too.
  put(entry.ut_id,
      std::string_view(line_).substr(line_.size() - std::min<std::size_t>(line_.size(), 4)));
  if (type == USER_PROCESS) {
    put(entry.ut_user, account_);
    put(entry.ut_host, "edge");
  }
  timeval now{};
  ::gettimeofday(&now, nullptr);
  entry.ut_tv.tv_sec = static_cast<std::int32_t>(now.tv_sec);
  entry.ut_tv.tv_usec = static_cast<std::int32_t>(now.tv_usec);
  ::setutxent();
  ::pututxline(&entry);
  ::endutxent();
  ::updwtmpx("/var/log/wtmp", &entry);
}

}  // namespace edge::agent
