// What a session process does while its shell runs: passes signals on, notices the end, hangs up.
#pragma once

#include <sys/types.h>

#include "agent/session_process.hpp"
#include "base/descriptor.hpp"
#include "base/error.hpp"
#include "base/time.hpp"

namespace edge::agent {

class SessionWatch {
 public:
  // `control` stays the caller's. `terminal` is the pty's master, or nothing. TERM, INT and HUP,
  // which must be blocked, hang up too: that is how a service is stopped.
  static Result<SessionWatch> start(int control, pid_t shell, Descriptor terminal,
                                    milliseconds grace);

  // Until the shell has ended and what shared its process group was told, or, once the agent hung
  // up or died, until nothing of the session lives. The shell stays a zombie meanwhile, so that its
  // id is nobody else's.
  SessionEnd run();

 private:
  enum class State { running, hanging_up, killing, over };

  SessionWatch(int control, pid_t shell, Descriptor terminal, milliseconds grace);
  void wait();
  void take_order();
  void send_signal(int number) const;
  void hang_up();
  void sweep();
  void tell_group() const;
  SessionEnd reap() const;

  int control_;
  pid_t shell_;
  Descriptor terminal_;
  milliseconds grace_;
  Descriptor shell_handle_;  // readable when the shell has ended
  Descriptor stop_signals_;
  State state_ = State::running;
  SteadyTime deadline_{};  // of the state
  milliseconds sweep_interval_{0};
};

}  // namespace edge::agent
