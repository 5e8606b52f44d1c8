#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>

#include "agent/account.hpp"
#include "agent/agent_socket.hpp"
#include "agent/control_message.hpp"
#include "agent/control_socket.hpp"
#include "agent/login_record.hpp"
#include "agent/pam_session.hpp"
#include "agent/session_process.hpp"
#include "agent/session_streams.hpp"
#include "agent/session_watch.hpp"
#include "agent/shell_start.hpp"
#include "agent/socket_keeper.hpp"

namespace edge::agent {
namespace {

constexpr int kControl = 3;
constexpr int kRequestDeadline = 10'000;  // milliseconds

// Members end in reverse: PAM's session after the shell and its streams.
struct RunningSession {
  Account account;
  std::unique_ptr<PamSession> pam;  // nothing where the agent's own checks let the account in
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

// The agent's variables are no business of a session, nor of PAM's modules: pam_systemd reads the
// process's own, too, and would seat a session where the agent was started by hand.
std::string keep_time_zone_alone() {
  const char* given = std::getenv("TZ");  // this is a program's body
  const std::string time_zone = given ? given : "";
  ::clearenv();
  if (!time_zone.empty()) ::setenv("TZ", time_zone.c_str(), 1);
  return time_zone;
}

// What PAM is to be asked; nothing where the agent's own checks have the word, and have said yes.
Result<std::optional<PamQuestion>> pam_question(const SessionRequest& request,
                                                const Account& account,
                                                const std::string& terminal) {
  const auto service = ::geteuid() == 0 ? find_pam_service() : std::nullopt;
  if (!service && request.needs_pam) return missing_pam_service();
  const auto allowed = service ? is_open_to_logins(account) : may_log_in(account);
  if (!allowed) return allowed.error();
  if (!service) return std::optional<PamQuestion>();
  return std::optional(PamQuestion{account.name, terminal, request.from, *service, {}});
}

Result<std::unique_ptr<PamSession>> let_in(const SessionRequest& request, const Account& account,
                                           const std::string& terminal) {
  const auto question = pam_question(request, account, terminal);
  if (!question) return question.error();
  if (!*question) return nullptr;
  return PamSession::open(**question);
}

// As sshd does: ahead of a login shell on a terminal, unless the account asked for silence.
bool is_greeted(const SessionRequest& request, const Account& account) {
  std::error_code ignored;
  return request.pty && request.command.empty() &&
         !std::filesystem::exists(std::filesystem::path(account.home) / ".hushlogin", ignored);
}

// Nobody reads the terminal yet, and nobody shall wait for that: what does not fit into its buffer
// (some kilobytes) is cut off.
void greet(const SessionStreams& streams, const std::string& words) {
  const int terminal = streams.shell[0].get();
  const int flags = ::fcntl(terminal, F_GETFL);
  ::fcntl(terminal, F_SETFL, flags | O_NONBLOCK);
  [[maybe_unused]] const auto written = ::write(terminal, words.data(), words.size());
  ::fcntl(terminal, F_SETFL, flags);
}

Result<RunningSession> open_session(SessionRequest request) {
  const auto time_zone = keep_time_zone_alone();
  auto account = find_account(request.account);
  if (!account) return account.error();
  auto streams = open_streams(request, *account);
  if (!streams) return streams.error();
  if (auto taken = take_groups(*account); !taken) return taken.error();
  auto pam = let_in(request, *account, streams->terminal);
  if (!pam) return pam.error();
  auto agent = request.forward_agent ? AgentSocket::open(*account) : nullptr;
  if (agent) request.environment.emplace_back("SSH_AUTH_SOCK", agent->path());
  const auto exported = *pam ? (*pam)->environment() : Variables{};
  if (*pam && is_greeted(request, *account)) greet(*streams, (*pam)->greeting());
  const auto plan = plan_shell(*account, request, time_zone, exported);
  const auto shell = start_shell(plan, *account, *streams);
  if (!shell) return shell.error();
  return RunningSession{std::move(*account), std::move(*pam), std::move(*streams), std::move(agent),
                        *shell};
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

Result<Account> find_allowed(const SessionRequest& request) {
  auto account = find_account(request.account);
  if (!account) return account;
  const auto question = pam_question(request, *account, {});
  if (!question) return question.error();
  if (*question) {
    if (auto allowed = PamSession::may_come_in(**question); !allowed) return allowed.error();
  }
  return account;
}

int check_account(const SessionRequest& request) {
  const auto account = find_allowed(request);
  if (!account) return refuse(account.error());
  tell(Started{});
  tell(SessionEnd{});
  return EXIT_SUCCESS;
}

int open_sockets(const SessionRequest& request) {
  const auto account = find_allowed(request);
  if (!account) return refuse(account.error());
  if (auto taken = take_groups(*account); !taken) return refuse(taken.error());
  if (auto taken = take_identity(*account); !taken) return refuse(taken.error());
  // Or /proc/self would be root's, and sockets are opened by their number there. Nothing in here
  // is a secret from the account, and what it hands over is not trusted.
  ::prctl(PR_SET_DUMPABLE, 1);
  return keep_sockets(kControl, request);
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
  // The account's limits will hold for this process, too, and the records of logins grow.
  std::signal(SIGXFSZ, SIG_IGN);
  ::umask(022);  // pam_umask may say otherwise
  const auto request = receive_request();
  if (!request) return refuse(request.error());
  if (request->only_check) return check_account(*request);
  if (request->sockets) return open_sockets(*request);
  auto session = open_session(*request);
  if (!session) return refuse(session.error());
  return watch_session(*request, std::move(*session));
}

}  // namespace edge::agent
