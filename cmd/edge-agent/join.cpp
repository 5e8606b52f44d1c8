// edge-agent join: from a token to a node that checks in.
#include <termios.h>
#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <csignal>
#include <iostream>
#include <memory>

#include "agent/agent.hpp"
#include "agent/identity.hpp"
#include "agent/poll_link.hpp"
#include "agent/snapshot.hpp"
#include "base/files.hpp"
#include "edge-agent/commands.hpp"
#include "edge-agent/proxies.hpp"
#include "wire/token.hpp"

namespace edge::edge_agent {
namespace {

constexpr std::size_t kMostTokenBytes = 16 * 1024;
constexpr milliseconds kAnswerDeadline{20'000};

struct Options {
  std::string edge_id, token_file;
  bool offline = false, no_start = false;
};

volatile std::sig_atomic_t interrupted_by = 0;

// Signals end the read instead of the program while the terminal is without echo.
class HeldSignals {
 public:
  HeldSignals() {
    struct sigaction hold {};
    hold.sa_handler = [](int number) {
      interrupted_by = number;
    };  // no SA_RESTART: read(2) returns
    for (std::size_t i = 0; i < kNumbers.size(); ++i) ::sigaction(kNumbers[i], &hold, &old_[i]);
  }
  ~HeldSignals() {
    for (std::size_t i = 0; i < kNumbers.size(); ++i) ::sigaction(kNumbers[i], &old_[i], nullptr);
  }

 private:
  static constexpr std::array kNumbers{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
  std::array<struct sigaction, kNumbers.size()> old_{};
};

std::string read_line() {
  std::string line;
  char byte = 0;
  while (line.size() < kMostTokenBytes && ::read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n')
    line += byte;
  return line;
}

// Without echo, so that the secret stays off the screen; the terminal gets it back on every way
// out.
std::string ask_for_token() {
  std::cerr << "join token: " << std::flush;
  std::string line;
  {
    const HeldSignals held;
    termios saved{};
    const bool terminal = ::tcgetattr(STDIN_FILENO, &saved) == 0;
    termios silent = saved;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    if (terminal) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    line = read_line();
    if (terminal) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved);
  }
  std::cerr << '\n';
  if (interrupted_by != 0) ::raise(interrupted_by);
  return line;
}

std::string read_stdin() {
  std::string text;
  for (char byte; text.size() < kMostTokenBytes && std::cin.get(byte);) text += byte;
  return text;
}

// --token-file, then a prompt on a terminal, then stdin, then EDGE_JOIN_TOKEN; never from argv.
Result<std::string> token_text(const Options& options) {
  if (!options.token_file.empty()) return read_file(options.token_file, kMostTokenBytes);
  if (const char* variable = std::getenv("EDGE_JOIN_TOKEN");
      variable != nullptr && *variable != '\0') {
    return std::string(variable);
  }
  auto text = ::isatty(STDIN_FILENO) != 0 ? ask_for_token() : read_stdin();
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
    return fail(Errc::usage,
                "no join token: it is read from stdin, a prompt, --token-file or EDGE_JOIN_TOKEN",
                "edgectl endpoint create NAME (on the server) prints one");
  }
  return text;
}

// Everything that can be said without the server: nothing has changed when it fails.
Result<wire::Token> checked_token(const Options& options) {
  auto text = token_text(options);
  if (!text) return text.error();
  auto token = wire::parse_token(*text);
  wipe(text->data(), text->size());
  if (!token) return token.error();
  const SystemClock clock;
  if (token->expires && clock.wall() >= *token->expires) {
    return fail(Errc::usage, "the join token expired at " + format_rfc3339(*token->expires),
                "edgectl endpoint token " + token->name + " (on the server) makes a new one");
  }
  return token;
}

net::Task<Result<void>> associate_once(agent::Identity& identity, Secret host_key,
                                       std::uint64_t counter, milliseconds connect_deadline,
                                       agent::PollLinkOptions options) {
  agent::PollLink link(identity, counter, connect_deadline, std::move(options));
  std::string failures;
  Result<void> done = co_await agent::associate(link, identity, host_key, kAnswerDeadline);
  // The link goes on to the next URL of the token by itself; each gets one try.
  for (std::size_t tried = 1; !done && link.moves_on() && tried < identity.urls.size(); ++tried) {
    failures += done.error().message + "\n";
    done = co_await agent::associate(link, identity, host_key, kAnswerDeadline);
  }
  if (!done) co_return fail(done.error().code, failures + done.error().message, done.error().hint);
  if (!failures.empty()) std::cerr << "edge-agent: warning: " << failures;
  const SystemClock clock;
  auto text = agent::take_snapshot("/", clock)
                  .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (auto sent = co_await agent::send_snapshot(link, text, kAnswerDeadline); !sent) {
    std::cerr << "edge-agent: warning: no snapshot sent: " << sent.error().message << '\n';
  }
  link.close();
  co_return Result<void>{};
}

Result<void> associate_now(agent::Identity& identity, const agent::IdentityFolder& folder,
                           const config::AgentConfig& config) {
  auto host_key = folder.host_key();
  if (!host_key) return host_key.error();
  auto counter = folder.first_counter();
  if (!counter) return counter.error();
  auto proxies = load_proxies(config);
  if (!proxies) return proxies.error();
  agent::PollLinkOptions options;
  options.dial.proxies = *proxies;
  boost::asio::io_context loop{1};
  Result<void> result;
  auto done = [&result](std::exception_ptr failure, Result<void> answer) {
    result = failure ? Result<void>(fail(Errc::failure, "unexpected failure while joining"))
                     : std::move(answer);
  };
  boost::asio::co_spawn(
      loop, associate_once(identity, *host_key, *counter, config.connect_deadline, options), done);
  loop.run();
  return result;
}

int start_unit(const Options& options, const std::filesystem::path& state) {
  if (options.no_start) return 0;
  const bool packaged = state == config::AgentConfig{}.state;
  if (!packaged || !systemd_runs()) {
    std::cout << "next: edge-agent run" << (packaged ? "" : " --state " + state.string()) << '\n';
    return 0;
  }
  if (systemctl({"enable", "--quiet", kUnit}) && systemctl({"restart", kUnit})) {
    std::cout << kUnit << " is enabled and running\n";
    return 0;
  }
  std::cerr << "edge-agent: joined, but " << kUnit
            << " could not be started\n  hint: systemctl status edge-agent\n";
  return kExitFailure;
}

int join(const Flags& flags, const Options& options) {
  std::signal(SIGPIPE, SIG_IGN);
  auto config = load_config(flags);
  if (!config) return complain(config.error());
  if (!options.edge_id.empty() && !is_uuid(options.edge_id)) {
    return complain(fail(Errc::usage, "--edge-id: not a UUID in lower case",
                         "copy the line that edgectl printed"));
  }
  auto token = checked_token(options);
  if (!token) return complain(token.error());
  const agent::IdentityFolder folder(config->state);
  auto old = folder.load();
  if (!old) return complain(old.error());
  if (*old && (*old)->endpoint != token->endpoint) {
    return complain(fail(Errc::conflict,
                         "this node belongs to endpoint " + (*old)->name + " already",
                         "edge-agent leave, then join again"));
  }
  auto identity = agent::identity_from(*token, options.edge_id, *old);
  if (!options.offline) {
    if (auto made = make_folder(config->state, 0700); !made) return complain(made.error());
    if (auto done = associate_now(identity, folder, *config); !done) return complain(done.error());
  }
  if (auto saved = folder.save(identity); !saved) return complain(saved.error());
  std::cout << (options.offline ? "stored, associates when it runs: endpoint " : "joined endpoint ")
            << identity.name << " as instance " << identity.instance.text << '\n';
  return start_unit(options, config->state);
}

}  // namespace

void add_join(CLI::App& app, Body& chosen) {
  auto* command = app.add_subcommand("join",
                                     "make this node an agent of an endpoint\n\n"
                                     "The join token comes from stdin, from a prompt without echo, "
                                     "from --token-file or from EDGE_JOIN_TOKEN; never "
                                     "from the command line, which every user of this machine can "
                                     "read. Joining the same endpoint again keeps edge "
                                     "ID and host key.");
  command->footer(
      "edge-agent join --edge-id 6e0c... <<< 'edge1...'\tas edgectl endpoint create printed it\n"
      "edge-agent join --token-file /root/token\tfrom a file\n"
      "edge-agent join --offline < token\tpre-stage: associate at the first run\n");
  auto options = std::make_shared<Options>();
  command
      ->add_option("--edge-id", options->edge_id,
                   "of the endpoint; without it one is made, or the old one kept")
      ->type_name("UUID");
  command->add_option("--token-file", options->token_file, "read the join token from this file")
      ->type_name("FILE");
  command->add_flag("--offline", options->offline,
                    "only store; associate when the agent first runs");
  command->add_flag("--no-start", options->no_start, "do not enable and start the systemd unit");
  command->callback([&chosen, options] {
    chosen = [options](const Flags& flags) { return join(flags, *options); };
  });
}

}  // namespace edge::edge_agent
