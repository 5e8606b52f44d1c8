// One shell (or command) on the node, run by a process of its own: `edge-agent session`.
//
// The agent's loop never forks a shell itself: it spawns its own program again (posix_spawn, every
// descriptor but the wanted ones closed), hands the request over a control socket (never argv), and
// gets back the pty's master or three pipes. The session process takes the account's identity,
// starts the shell in a session and process group of its own, waits for it, reports how it ended,
// and makes sure that nothing of it is left behind.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/descriptor.hpp"
#include "base/error.hpp"
#include "base/time.hpp"

namespace edge::agent {

struct WindowSize {
  std::uint16_t columns = 80, rows = 24, x_pixels = 0, y_pixels = 0;
};

// What a process that opens Unix sockets goes by: entries of TargetRules.
struct SocketRules {
  std::vector<std::string> targets, listens;
};

struct SessionRequest {
  std::string session;  // id, for logs
  std::string account;  // "root", "deploy"
  std::optional<WindowSize> pty;
  std::string terminal;   // TERM, with a pty
  std::string modes;      // encoded terminal modes (RFC 4254 section 8), may be empty
  std::string command;    // empty: a login shell; else run by the account's shell with -c
  std::string subsystem;  // one of subsystems.hpp, in place of the shell; then there is no command
  std::string
      shell;  // empty: the account's own (an account without a login shell is refused anyway)
  std::vector<std::pair<std::string, std::string>> environment;  // already filtered
  milliseconds hang_up_grace{5'000};
  bool forward_agent = false;  // SSH_AUTH_SOCK, for who listens on SessionProcess::agent_listener
  bool only_check = false;     // whether the account may have a session; nothing runs
  std::optional<SocketRules> sockets;  // for SocketKeeper: opens sockets, and nothing else runs
  std::string from;                    // where the operator comes from, for PAM; empty: not known
  bool needs_pam = false;              // a node whose PAM has no service for us (any more) refuses
};

// How a session ended: an exit status, or the name of a signal without "SIG" ("TERM").
struct SessionEnd {
  int status = 0;
  std::string signal;
  bool core_dumped = false;
  std::string message;  // why it could not start, in words for the operator
};

class SessionProcess {
 public:
  virtual ~SessionProcess() = default;  // hangs up

  // Until the shell runs, or is refused (Errc::not_allowed, not_found: no such account; with the
  // reason).
  virtual boost::asio::awaitable<Result<void>> started() = 0;

  // Open once started() has succeeded. A write to a command that has closed its input raises
  // SIGPIPE unless the program ignores that signal. With a pty both are the master (EIO on read is
  // the end of output). stderr exists only without one.
  virtual boost::asio::posix::stream_descriptor& input() = 0;
  virtual boost::asio::posix::stream_descriptor& output() = 0;
  virtual boost::asio::posix::stream_descriptor* error_output() = 0;
  virtual void close_input() = 0;  // EOF for the command; with a pty: nothing
  // Where programs ask for the operator's ssh-agent: once, after started(). Empty: they cannot.
  virtual Descriptor agent_listener() = 0;

  virtual void resize(const WindowSize& size) = 0;
  // "INT", "TERM", ...: to the foreground process group. An unknown name is passed over.
  virtual void signal(const std::string& name) = 0;
  virtual void hang_up() = 0;  // SIGHUP to the whole session, SIGKILL after the grace

  // Once; completes when the shell has ended and its process group is gone or was told (after a
  // hang-up: when no process of the session lives). What was written before can still be read then.
  // A background process may hold the streams open for ever, so from then on read only what is
  // there, without waiting.
  virtual boost::asio::awaitable<SessionEnd> ended() = 0;
};

// `program`: the path of edge-agent itself (/proc/self/exe).
Result<std::unique_ptr<SessionProcess>> start_session(boost::asio::any_io_executor executor,
                                                      const std::string& program,
                                                      const SessionRequest& request);

// The body of `edge-agent session`: descriptor 3 is the control socket. Returns the process's exit
// code.
int run_session_process();

}  // namespace edge::agent
