#include "agent/session_streams.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "agent/terminal_modes.hpp"

namespace edge::agent {
namespace {

constexpr int kPipe = 256 * 1024;

Error no_terminal(const char* step) {
  return fail(Errc::unavailable,
              std::string("cannot open a terminal: ") + step + ": " + std::strerror(errno));
}

// Group tty, writable: write(1) and wall(1) reach the terminal through it, and nobody else does.
Result<void> give_to(const Account& account, int slave) {
  std::array<char, 16 * 1024> text;
  group entry{};
  group* found = nullptr;
  ::getgrnam_r("tty", &entry, text.data(), text.size(), &found);
  const bool changed = ::fchown(slave, account.user, found ? found->gr_gid : account.group) == 0 &&
                       ::fchmod(slave, found ? 0620 : 0600) == 0;
  // An agent that is not root owns the terminal already; its group is then what the system chose.
  if (!changed && ::geteuid() == 0) return no_terminal("owner");
  return {};
}

Result<void> set_modes(int slave, const std::string& encoded) {
  termios modes{};
  if (::tcgetattr(slave, &modes) != 0) return no_terminal("tcgetattr");
  modes.c_iflag |= IUTF8;
  apply_terminal_modes(encoded, modes);
  if (::tcsetattr(slave, TCSANOW, &modes) != 0) return no_terminal("tcsetattr");
  return {};
}

Result<SessionStreams> open_terminal(const SessionRequest& request, const Account& account) {
  winsize size{request.pty->rows, request.pty->columns, request.pty->x_pixels,
               request.pty->y_pixels};
  std::array<char, 64> name{};
  int master = -1;
  int slave = -1;
  if (::openpty(&master, &slave, nullptr, nullptr, &size) != 0) return no_terminal("openpty");
  SessionStreams streams;
  streams.agent.emplace_back(master);
  streams.shell[0].reset(slave);
  for (const int end : {master, slave}) ::fcntl(end, F_SETFD, FD_CLOEXEC);
  for (auto* copy : {&streams.shell[1], &streams.shell[2]}) {
    copy->reset(::fcntl(slave, F_DUPFD_CLOEXEC, 4));
    if (!*copy) return no_terminal("dup");
  }
  if (::ttyname_r(slave, name.data(), name.size()) != 0) return no_terminal("ttyname");
  streams.terminal = name.data();
  if (auto given = give_to(account, slave); !given) return given.error();
  if (auto set = set_modes(slave, request.modes); !set) return set.error();
  return streams;
}

Result<SessionStreams> open_pipes() {
  SessionStreams streams;
  for (std::size_t stream = 0; stream < streams.shell.size(); ++stream) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
      return fail(Errc::unavailable, std::string("cannot make a pipe: ") + std::strerror(errno));
    }
    // For bulk: a pipe's 64 KB are a change of processes each. Who may not have that much keeps
    // those.
    if (stream != STDERR_FILENO) ::fcntl(ends[1], F_SETPIPE_SZ, kPipe);
    const bool is_input = stream == 0;
    streams.shell[stream].reset(ends[is_input ? 0 : 1]);
    streams.agent.emplace_back(ends[is_input ? 1 : 0]);
  }
  return streams;
}

}  // namespace

Result<SessionStreams> open_streams(const SessionRequest& request, const Account& account) {
  return request.pty ? open_terminal(request, account) : open_pipes();
}

}  // namespace edge::agent
