#include "control/forward/background.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <iostream>
#include <utility>

namespace edge::control {
namespace {

constexpr std::string_view kEnd("\0", 1);

// What was said, or the exit status of a child that has ended before.
int wait_for(int report, pid_t child) {
  std::string said;
  std::array<char, 1'024> buffer;
  for (;;) {
    const auto size = ::read(report, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    said.append(buffer.data(), static_cast<std::size_t>(size));
  }
  if (said.ends_with(kEnd)) {
    said.pop_back();
    std::cout << said << std::flush;
    return 0;
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Background::Background(Background&& other) noexcept : report_(std::exchange(other.report_, -1)) {}

Background::~Background() {
  if (report_ >= 0) ::close(report_);
}

Result<std::variant<int, Background>> Background::fork() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return fail(Errc::unavailable, std::string("cannot make a pipe: ") + std::strerror(errno));
  std::cout << std::flush;
  const pid_t child = ::fork();
  if (child < 0)
    return fail(Errc::unavailable, std::string("cannot fork: ") + std::strerror(errno));
  if (child == 0) {
    ::close(ends[0]);
    return std::variant<int, Background>(Background(ends[1]));
  }
  ::close(ends[1]);
  const int status = wait_for(ends[0], child);
  ::close(ends[0]);
  return std::variant<int, Background>(status);
}

bool Background::go(const std::string& said) {
  std::signal(SIGHUP, SIG_IGN);
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const bool left = ::setsid() >= 0 && nothing >= 0 && ::chdir("/") == 0;
  const auto text = said + std::string(kEnd);
  const bool told =
      left && ::write(report_, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nothing, stream);
  ::close(nothing);
  ::close(std::exchange(report_, -1));
  return told;
}

}  // namespace edge::control
