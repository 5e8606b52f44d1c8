#include "agent/shell_start.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

namespace edge::agent {
namespace {

constexpr int kStatus = 3;  // in the new process: where a failure before exec is told

enum class Step : int { unix_session, terminal, streams, identity, run };

struct StartFailure {
  Step step;
  int error;
};

const char* describe(Step step) {
  switch (step) {
    case Step::unix_session:
      return "cannot start a session";
    case Step::terminal:
      return "cannot take the terminal";
    case Step::streams:
      return "cannot set the streams up";
    case Step::identity:
      return "cannot take the account's identity";
    case Step::run:
      break;
  }
  return "cannot run";
}

[[noreturn]] void give_up(Step step) {
  const StartFailure failure{step, errno};
  [[maybe_unused]] const auto written = ::write(kStatus, &failure, sizeof failure);
  ::_exit(127);
}

// By system call: signal(3) keeps its hands off the two signals of the C library, which
// posix_spawn(3) has left ignored.
void reset_signals() {
  constexpr std::array<char, 64>
      kDefault{};  // the kernel's sigaction is not larger, and zero is SIG_DFL
  for (int signal = 1; signal < NSIG; ++signal) {
    ::syscall(SYS_rt_sigaction, signal, kDefault.data(), nullptr, NSIG / 8);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Its old number is closed with everything else above kStatus.
void take_status_pipe(int status) {
  if (::dup3(status, kStatus, O_CLOEXEC) < 0) ::_exit(127);
}

void take_streams(const SessionStreams& streams) {
  if (streams.has_terminal() && ::ioctl(streams.shell[0].get(), TIOCSCTTY, 0) != 0) {
    give_up(Step::terminal);
  }
  for (int stream = 0; stream < 3; ++stream) {
    if (::dup2(streams.shell[static_cast<std::size_t>(stream)].get(), stream) < 0) {
      give_up(Step::streams);
    }
  }
  ::closefrom(kStatus + 1);
}

bool become(const Account& account) {
  return ::geteuid() != 0 || (::setgid(account.group) == 0 && ::setuid(account.user) == 0);
}

// If the session process is killed, nobody is left to hang the shell up but the kernel.
void follow(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGHUP);
  if (::getppid() != parent) ::_exit(127);
}

// As the account: root may not be able to enter a home on a network's file system.
void go_home(const Account& account) {
  if (::chdir(account.home.c_str()) == 0) return;
  ::dprintf(STDERR_FILENO, "cannot enter the home folder %s: %s\n", account.home.c_str(),
            std::strerror(errno));
  if (::chdir("/") != 0) give_up(Step::streams);
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (const auto& text : texts) list.push_back(const_cast<char*>(text.c_str()));
  list.push_back(nullptr);
  return list;
}

[[noreturn]] void become_shell(const ShellPlan& plan, const Account& account,
                               const SessionStreams& streams, int status, pid_t parent) {
  const auto arguments = pointers(plan.arguments);
  const auto environment = pointers(plan.environment);
  take_status_pipe(status);
  if (::setsid() < 0) give_up(Step::unix_session);
  take_streams(streams);
  if (!become(account)) give_up(Step::identity);
  follow(parent);
  go_home(account);
  reset_signals();
  if (plan.subsystem != nullptr) {
    ::close(kStatus);  // as an exec that works would
    ::_exit(plan.subsystem(STDIN_FILENO, STDOUT_FILENO));
  }
  ::execve(plan.program.c_str(), arguments.data(), environment.data());
  give_up(Step::run);
}

Error failed(const StartFailure& failure, const ShellPlan& plan) {
  std::string message = describe(failure.step);
  std::string hint;
  if (failure.step == Step::run) {
    message += " " + plan.program;
    hint = "check the account's login shell, and `shell` in the agent's settings";
  }
  return fail(Errc::failure, message + ": " + std::strerror(failure.error), hint);
}

// The pipe closes without a word when exec works.
Result<void> await_exec(int status, pid_t shell, const ShellPlan& plan) {
  StartFailure failure{};
  ssize_t size = 0;
  do {
    size = ::read(status, &failure, sizeof failure);
  } while (size < 0 && errno == EINTR);
  if (size == 0) return {};
  ::waitpid(shell, nullptr, 0);
  if (size == sizeof failure) return failed(failure, plan);
  return fail(Errc::failure, "the shell's process ended before it could run");
}

}  // namespace

ShellPlan plan_shell(const Account& account, const SessionRequest& request,
                     std::string_view time_zone, const Variables& exported) {
  const auto& shell = request.shell.empty() ? account.shell : request.shell;
  const auto name = shell.substr(shell.rfind('/') + 1);
  ShellPlan plan{
      shell, {}, shell_environment(account, shell, request, time_zone, exported), nullptr};
  plan.subsystem = find_subsystem(request.subsystem);
  if (request.command.empty()) {
    plan.arguments = {"-" + name};
  } else {
    plan.arguments = {name, "-c", request.command};
  }
  return plan;
}

Result<void> take_groups(const Account& account) {
  if (::geteuid() != 0 || ::initgroups(account.name.c_str(), account.group) == 0) return {};
  return fail(Errc::failure, "cannot take the groups of the account " + account.name + ": " +
                                 std::strerror(errno));
}

Result<void> take_identity(const Account& account) {
  if (become(account)) return {};
  return fail(Errc::failure, std::string(describe(Step::identity)) + ": " + std::strerror(errno));
}

Result<pid_t> start_shell(const ShellPlan& plan, const Account& account, SessionStreams& streams) {
  int status[2];
  if (::pipe2(status, O_CLOEXEC) != 0) {
    return fail(Errc::unavailable, std::string("cannot make a pipe: ") + std::strerror(errno));
  }
  const Descriptor reader(status[0]);
  Descriptor writer(status[1]);
  const pid_t parent = ::getpid();
  const pid_t shell = ::fork();
  if (shell < 0) {
    return fail(Errc::unavailable, std::string("cannot fork: ") + std::strerror(errno));
  }
  if (shell == 0) become_shell(plan, account, streams, writer.get(), parent);
  writer.reset();
  for (auto& stream : streams.shell) stream.reset();
  if (auto ran = await_exec(reader.get(), shell, plan); !ran) return ran.error();
  return shell;
}

}  // namespace edge::agent
