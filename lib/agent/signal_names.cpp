#include "agent/signal_names.hpp"

#include <csignal>
#include <cstring>

namespace edge::agent {
namespace {

constexpr struct {
  const char* name;
  int number;
} kMaySend[] = {{"HUP", SIGHUP},    {"INT", SIGINT},   {"QUIT", SIGQUIT}, {"TERM", SIGTERM},
                {"KILL", SIGKILL},  {"USR1", SIGUSR1}, {"USR2", SIGUSR2}, {"ALRM", SIGALRM},
                {"PIPE", SIGPIPE},  {"CONT", SIGCONT}, {"STOP", SIGSTOP}, {"TSTP", SIGTSTP},
                {"WINCH", SIGWINCH}};

}  // namespace

std::string signal_name(int number) {
  const char* name = ::sigabbrev_np(number);
  return name ? name : std::to_string(number);
}

std::optional<int> signal_number(std::string_view name) {
  for (const auto& signal : kMaySend) {
    if (name == signal.name) return signal.number;
  }
  return {};
}

}  // namespace edge::agent
