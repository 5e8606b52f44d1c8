#include "agent/session_watch.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "agent/control_message.hpp"
#include "agent/control_socket.hpp"
#include "agent/process_handle.hpp"
#include "agent/session_members.hpp"
#include "agent/signal_names.hpp"

namespace edge::agent {
namespace {

constexpr milliseconds kLeastSweep{10}, kMostSweep{200};
constexpr milliseconds kKillBound{10'000};  // what outlives SIGKILL so long is stuck in the kernel
constexpr int kNoStatus = 255;

SteadyTime now() {
  return std::chrono::steady_clock::now();
}

int open_stop_signals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&signals, signal);
  return ::signalfd(-1, &signals, SFD_CLOEXEC);
}

}  // namespace

SessionWatch::SessionWatch(int control, pid_t shell, Descriptor terminal, milliseconds grace)
    : control_(control),
      shell_(shell),
      terminal_(std::move(terminal)),
      grace_(grace),
      shell_handle_(open_process(shell)),
      stop_signals_(open_stop_signals()) {}

Result<SessionWatch> SessionWatch::start(int control, pid_t shell, Descriptor terminal,
                                         milliseconds grace) {
  SessionWatch watch(control, shell, std::move(terminal), grace);
  if (!watch.shell_handle_ || !watch.stop_signals_) {
    return fail(Errc::unavailable, std::string("cannot watch the shell: ") + std::strerror(errno),
                "the node needs Linux 5.3 or newer");
  }
  return watch;
}

SessionEnd SessionWatch::run() {
  while (state_ != State::over) wait();
  return reap();
}

void SessionWatch::wait() {
  const bool running = state_ == State::running;
  pollfd waits[] = {{running ? control_ : -1, POLLIN, 0},
                    {running ? stop_signals_.get() : -1, POLLIN, 0},
                    {running ? shell_handle_.get() : -1, POLLIN, 0}};
  ::poll(waits, std::size(waits), running ? -1 : static_cast<int>(sweep_interval_.count()));
  if (!running) return sweep();
  if (waits[2].revents) {
    tell_group();
    state_ = State::over;
  } else if (waits[1].revents) {
    hang_up();
  } else if (waits[0].revents) {
    take_order();
  }
}

void SessionWatch::take_order() {
  const auto packet = receive_packet(control_);
  if (!packet) return hang_up();
  if (!*packet) return;
  const auto order = decode_order((*packet)->bytes);
  if (!order) return;
  const auto* wanted = std::get_if<SignalOrder>(&*order);
  const auto number = wanted ? signal_number(wanted->name) : std::nullopt;
  if (number) send_signal(*number);
}

void SessionWatch::send_signal(int number) const {
  const pid_t foreground = terminal_ ? ::tcgetpgrp(terminal_.get()) : -1;
  ::kill(foreground > 1 ? -foreground : -shell_, number);
}

void SessionWatch::hang_up() {
  // SIGCONT, for a stopped process sees SIGHUP only when it goes on.
  signal_members(shell_, {SIGHUP, SIGCONT});
  state_ = State::hanging_up;
  deadline_ = now() + grace_;
  sweep_interval_ = kLeastSweep;
}

void SessionWatch::sweep() {
  const bool late = now() >= deadline_;
  if (late && state_ == State::killing) {
    state_ = State::over;
    return;
  }
  if (late) {
    state_ = State::killing;
    deadline_ = now() + kKillBound;
    sweep_interval_ = kLeastSweep;
  }
  // Again at each round: one that forks faster than the walk would get away.
  const auto left =
      state_ == State::killing ? signal_members(shell_, {SIGKILL}) : count_members(shell_);
  if (left == 0) state_ = State::over;
  const auto until_deadline = std::chrono::ceil<milliseconds>(deadline_ - now());
  sweep_interval_ =
      std::clamp(std::min(2 * sweep_interval_, until_deadline), kLeastSweep, kMostSweep);
}

// Jobs of other groups, and daemons with a session of their own, live on, as after any other
// logout.
void SessionWatch::tell_group() const {
  ::kill(-shell_, SIGHUP);
  ::kill(-shell_, SIGCONT);
}

SessionEnd SessionWatch::reap() const {
  SessionEnd end;
  int status = 0;
  if (::waitpid(shell_, &status, WNOHANG) != shell_) {
    end.status = kNoStatus;
    end.message = "the shell does not end, not even when killed";
  } else if (WIFSIGNALED(status)) {
    end.signal = signal_name(WTERMSIG(status));
    end.core_dumped = WCOREDUMP(status);
  } else {
    end.status = WEXITSTATUS(status);
  }
  return end;
}

}  // namespace edge::agent
