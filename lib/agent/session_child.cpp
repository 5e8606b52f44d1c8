#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <optional>

#include "agent/account.hpp"
#include "agent/agent_socket.hpp"
#include "agent/control_message.hpp"
#include "agent/control_socket.hpp"
#include "agent/login_record.hpp"
#include "agent/session_process.hpp"
#include "agent/session_streams.hpp"
#include "agent/session_watch.hpp"
#include "agent/shell_start.hpp"

namespace edge::agent {
namespace {

constexpr int kControl = 3;
constexpr int kRequestDeadline = 10'000;  // milliseconds

struct RunningSession {
  Account account;
  SessionStreams streams;
  std::unique_ptr<AgentSocket> agent;  // null: none
  pid_t shell = 0;
};

Result<SessionRequest> receive_request() {
  pollfd wait{kControl, POLLIN, 0};
  if (::poll(&wait, 1, kRequestDeadline) <= 0) return fail(Errc::timed_out, "no request came");
  const auto packet = receive_packet(kControl);
  if (!packet) return packet.error();
  if (!*packet) return fail(Errc::failure, "no request came");
  auto order = decode_order((*packet)->bytes);
  if (!order) return order.error();
  auto* request = std::get_if<SessionRequest>(&*order);
  if (!request) return fail(Errc::usage, "the first message is no request");
  if (auto good = check(*request); !good) return good.error();
  return std::move(*request);
}

// Until the shell is told otherwise by its own side, these are read from a descriptor.
void block_stop_signals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&signals, signal);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
}

Result<Account> admit(const SessionRequest& request) {
  auto account = find_account(request.account);
  if (!account) return account.error();
  if (auto allowed = may_log_in(*account); !allowed) return allowed.error();
  return account;
}

Result<RunningSession> open_session(SessionRequest request) {
  auto account = admit(request);
  if (!account) return account.error();
  auto agent = request.forward_agent ? AgentSocket::open(*account) : nullptr;
  if (agent) request.environment.emplace_back("SSH_AUTH_SOCK", agent->path());
  auto streams = open_streams(request, *account);
  if (!streams) return streams.error();
  const char* time_zone = std::getenv("TZ");  // of the agent; this is a program's body
  const auto plan = plan_shell(*account, request, time_zone ? time_zone : "");
  const auto shell = start_shell(plan, *account, *streams);
  if (!shell) return shell.error();
  return RunningSession{std::move(*account), std::move(*streams), std::move(agent), *shell};
}

void tell(const Report& report, const std::vector<Descriptor>& descriptors = {}) {
  std::vector<int> numbers;
  for (const auto& descriptor : descriptors) numbers.push_back(descriptor.get());
  // If nobody hears, the watch sees the same a moment later.
  [[maybe_unused]] const auto sent = send_packet(kControl, encode(report), numbers);
}

int refuse(const Error& reason) {
  tell(Refused{reason});
  return EXIT_FAILURE;
}

int check_account(const SessionRequest& request) {
  const auto account = admit(request);
  if (!account) return refuse(account.error());
  tell(Started{});
  tell(SessionEnd{});
  return EXIT_SUCCESS;
}

int watch_session(const SessionRequest& request, RunningSession session) {
  // The master is kept, for it knows the foreground process group; a pipe's other end must not be,
  // or the shell would never see the end of its input.
  Descriptor terminal;
  if (session.streams.has_terminal()) {
    terminal.reset(::fcntl(session.streams.agent.front().get(), F_DUPFD_CLOEXEC, kControl + 1));
  }
  auto watch =
      SessionWatch::start(kControl, session.shell, std::move(terminal), request.hang_up_grace);
  if (!watch) {
    ::kill(-session.shell, SIGKILL);
    return refuse(watch.error());
  }
  const LoginRecord record(session.account.name, session.streams.terminal, session.shell);
  if (session.agent) session.streams.agent.push_back(session.agent->take_listener());
  tell(Started{session.shell}, session.streams.agent);
  session.streams.agent.clear();
  tell(watch->run());
  return EXIT_SUCCESS;
}

}  // namespace

int run_session_process() {
  ::closefrom(kControl + 1);
  ::fcntl(kControl, F_SETFD, FD_CLOEXEC);
  ::prctl(PR_SET_NAME, "edge-session");
  block_stop_signals();
  const auto request = receive_request();
  if (!request) return refuse(request.error());
  if (request->only_check) return check_account(*request);
  auto session = open_session(*request);
  if (!session) return refuse(session.error());
  return watch_session(*request, std::move(*session));
}

}  // namespace edge::agent
