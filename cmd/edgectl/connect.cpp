// edgectl connect: from the command line to control::connect
#include "control/connect.hpp"

#include <cstdlib>

#include "control/escape_keys.hpp"
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"
#include "edgectl/connect_target.hpp"
#include "edgectl/offered_environment.hpp"

namespace edge::edgectl {
namespace {

struct Options {
  std::string target;
  std::string wait;
  std::string instance;
  std::string escape = "~";
  std::string idle;
  std::vector<std::string> environment;
  bool forward_agent = false;
  bool force_pty = false;
  bool no_pty = false;
};

Result<int> run(Context& context, const Options& options) {
  const auto target = parse_connect_target(options.target);
  if (!target) return target.error();
  if (options.force_pty && options.no_pty) {
    return fail(Errc::usage, "-t and -T exclude each other", "edgectl connect --help");
  }
  control::ConnectOptions connect;
  connect.socket = context.api.socket();
  connect.user = target->user;
  connect.endpoint = target->endpoint;
  connect.instance = options.instance;
  connect.command = context.far_command;
  connect.force_pty = options.force_pty;
  connect.no_pty = options.no_pty;
  connect.quiet = context.options.quiet;
  connect.json = context.json();
  connect.state_folder = context.world.state_folder;
  const char* terminal = std::getenv("TERM");
  connect.terminal = terminal != nullptr ? terminal : "dumb";
  connect.environment = offered_environment();
  if (auto added = add_variables(options.environment, connect.environment); !added)
    return added.error();
  auto escape = control::parse_escape(options.escape);
  if (!escape) return escape.error();
  connect.escape = *escape;
  if (!options.idle.empty()) {
    connect.idle = parse_duration(options.idle);
    if (!connect.idle || connect.idle->count() <= 0)
      return fail(Errc::usage, "--idle '" + options.idle + "' is no duration", "--idle 30m");
  }
  if (options.forward_agent) {
    const char* socket = std::getenv("SSH_AUTH_SOCK");
    if (socket == nullptr || *socket == '\0')
      return fail(Errc::usage, "-A: no ssh-agent is here (SSH_AUTH_SOCK is not set)",
                  "eval $(ssh-agent); ssh-add");
    connect.agent_socket = socket;
  }
  if (!options.wait.empty()) {
    connect.wait = parse_duration(options.wait);
    if (!connect.wait) {
      return fail(Errc::usage, "--wait '" + options.wait + "' is no duration", "--wait 10m");
    }
  }
  return control::connect(connect);
}

}  // namespace

void add_connect(CLI::App& program, Run& chosen) {
  auto* command = program.add_subcommand(
      "connect",
      "a shell on an endpoint, or one command (after --)\n\n"
      "With a command its exit status, stdout and stderr are the far ones, binary clean, and 255 "
      "means that "
      "edgectl failed itself. Words after -- are joined by blanks for the far shell, as ssh does.");
  command->footer(
      "edgectl connect shop-17\ta root shell\n"
      "edgectl connect deploy@shop-17\tof another account\n"
      "edgectl connect shop-17 -- tar c /etc > etc.tar\tone command\n"
      "edgectl connect shop-17 --wait 10m\twait while it is offline\n"
      "edgectl connect -t shop-17 -- htop\ta command with a terminal\n"
      "edgectl connect shop --instance worker-3\tone node of a cluster\n");
  auto options = std::make_shared<Options>();
  command->add_option("[USER@]NAME", options->target, "the account (default root) and the endpoint")
      ->type_name("TARGET")
      ->required();
  command->add_flag("-t,--pty", options->force_pty,
                    "a terminal on the far side, also for a command");
  command->add_flag("-T,--no-pty", options->no_pty, "no terminal on the far side");
  command->add_option("--wait", options->wait, "how long to wait for an endpoint that is offline")
      ->type_name("DURATION");
  command
      ->add_option("--idle", options->idle,
                   "end the session after so long without a key; says so one minute before")
      ->type_name("DURATION");
  command
      ->add_option("--env", options->environment,
                   "a variable for the far side: NAME=VALUE, or NAME for what it is here; the node "
                   "decides which it takes (session.accept-env)")
      ->type_name("NAME[=VALUE]")
      ->expected(1)
      ->take_all();
  command
      ->add_option("-e,--escape", options->escape,
                   "the escape character: typed first on a line, . ends the session, s tells about "
                   "it, ? lists; none: no escapes")
      ->type_name("CHARACTER")
      ->default_str("~");
  command->add_flag("-A,--forward-agent", options->forward_agent,
                    "let the far side use your ssh-agent; root there can, too");
  command
      ->add_option(
          "--instance", options->instance,
          "one instance of the endpoint, by host name, id or the start of its id (default: "
          "whichever is first)")
      ->type_name("INSTANCE");
  choose(*command, chosen, options, run);
}

}  // namespace edge::edgectl
