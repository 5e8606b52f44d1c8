#include "control/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <istream>
#include <ostream>

namespace edge::control {
namespace {

unsigned columns_of(int fd) {
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

}  // namespace

Terminal detect_terminal() {
  Terminal terminal;
  terminal.in = isatty(STDIN_FILENO) == 1;
  terminal.out = isatty(STDOUT_FILENO) == 1;
  terminal.err = isatty(STDERR_FILENO) == 1;
  terminal.columns = columns_of(STDERR_FILENO);
  return terminal;
}

unsigned terminal_rows() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0) return 24;
  return size.ws_row;
}

bool want_colour(std::string_view wish, const TerminalEnvironment& environment, bool is_terminal) {
  if (wish == "always") return true;
  if (wish == "never") return false;
  if (!environment.no_color.empty()) return false;
  if (!environment.clicolor_force.empty() && environment.clicolor_force != "0") return true;
  return is_terminal && environment.term != "dumb";
}

Result<bool> confirm(std::string_view question, std::string_view command, bool yes,
                     const Terminal& terminal, std::istream& in, std::ostream& err) {
  if (yes) return true;
  if (!terminal.in || !terminal.err) {
    return fail(Errc::usage, "not confirmed, and there is no terminal to ask on",
                std::string(command) + " --yes");
  }
  err << question << " [y/N] " << std::flush;
  std::string answer;
  if (!std::getline(in, answer)) err << '\n';
  return answer == "y" || answer == "Y" || answer == "yes" || answer == "Yes";
}

}  // namespace edge::control
