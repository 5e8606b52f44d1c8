// edgectl forward: from the command line to control::forward
#include "control/forward/forward.hpp"

#include <filesystem>

#include "base/rate.hpp"
#include "control/forward/background.hpp"
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"
#include "edgectl/connect_target.hpp"

namespace edge::edgectl {
namespace {

using control::ForwardSpec;

struct Options {
  std::string target;
  std::vector<std::string> local, remote, dynamic;
  std::string wait, limit, instance;
  bool detach = false;
};

constexpr const char* kDefaultTimeout = "30s";  // of --timeout, which is about edged's answers then
constexpr std::size_t kMostSpecs = 32;          // what a node listens on for one session

Result<void> add_specs(ForwardSpec::Kind kind, const std::vector<std::string>& texts,
                       std::vector<ForwardSpec>& specs) {
  for (const auto& text : texts) {
    auto spec = control::parse_forward(kind, text);
    if (!spec) return spec.error();
    // One in the background leaves this folder.
    for (auto* side : {&spec->listen, spec->target ? &*spec->target : nullptr}) {
      if (side != nullptr && side->is_socket())
        side->path = std::filesystem::absolute(side->path).lexically_normal().string();
    }
    specs.push_back(std::move(*spec));
  }
  return {};
}

Result<std::vector<ForwardSpec>> specs_of(const Options& options) {
  std::vector<ForwardSpec> specs;
  for (const auto& added : {add_specs(ForwardSpec::Kind::local, options.local, specs),
                            add_specs(ForwardSpec::Kind::remote, options.remote, specs),
                            add_specs(ForwardSpec::Kind::dynamic, options.dynamic, specs)}) {
    if (!added) return added.error();
  }
  if (specs.empty())
    return fail(Errc::usage, "what is to be forwarded? At least one of -L, -R and -D",
                "edgectl forward " + options.target + " -L 8080:localhost:80");
  if (specs.size() > kMostSpecs)
    return fail(Errc::usage, "at most " + std::to_string(kMostSpecs) + " forwards at once");
  return specs;
}

Result<std::optional<milliseconds>> duration_of(const char* flag, const std::string& text) {
  if (text.empty()) return std::optional<milliseconds>();
  const auto duration = parse_duration(text);
  if (duration && duration->count() > 0) return duration;
  return fail(Errc::usage, std::string(flag) + " '" + text + "' is no duration",
              std::string(flag) + " 10m");
}

Result<control::ForwardOptions> options_of(Context& context, const Options& options) {
  if (options.target.empty())
    return fail(Errc::usage, "which endpoint?", "edgectl forward NAME -L 8080:localhost:80");
  const auto target = parse_connect_target(options.target);
  if (!target) return target.error();
  auto specs = specs_of(options);
  if (!specs) return specs.error();
  const auto wait = duration_of("--wait", options.wait);
  if (!wait) return wait.error();
  const auto& given = context.options.timeout;
  const auto timeout = duration_of("--timeout", given == kDefaultTimeout ? "" : given);
  if (!timeout) return timeout.error();
  control::ForwardOptions forward;
  if (!options.limit.empty()) {
    const auto limit = parse_rate(options.limit);
    if (!limit) return fail(Errc::usage, "--limit: " + limit.error().message, limit.error().hint);
    forward.limit = *limit;
  }
  forward.socket = context.api.socket();
  forward.user = target->user;
  forward.endpoint = target->endpoint;
  forward.instance = options.instance;
  forward.specs = std::move(*specs);
  forward.wait = *wait;
  forward.timeout = *timeout;
  forward.state_folder = std::filesystem::absolute(context.world.state_folder);
  forward.json = context.json();
  forward.quiet = context.options.quiet;
  return forward;
}

Result<int> run(Context& context, const Options& options) {
  auto forward = options_of(context, options);
  if (!forward) return forward.error();
  if (!options.detach) return control::forward(*forward);
  forward->socket = std::filesystem::absolute(forward->socket).string();
  auto fork = control::Background::fork();
  if (!fork) return fork.error();
  if (const int* status = std::get_if<int>(&*fork)) return *status;
  forward->background = &std::get<control::Background>(*fork);
  return control::forward(*forward);
}

void add_specs_flag(CLI::App& command, const char* name, std::vector<std::string>& specs,
                    const char* help, const char* type) {
  command.add_option(name, specs, help)->type_name(type)->expected(1)->take_all();
}

}  // namespace

void add_forward(CLI::App& program, Run& chosen) {
  auto* command =
      program.add_subcommand("forward",
                             "ports and Unix sockets of an endpoint here, and the other way\n\n"
                             "The syntax is ssh's. Listeners are on loopback unless another "
                             "address is named ('*': all). It "
                             "comes back by itself after a cut or a restart, and runs until "
                             "Ctrl-C, or in the background.");
  command->footer(
      "edgectl forward shop-17 -L 8080:localhost:80\tits web server here\n"
      "edgectl forward shop-17 -L ./db:/run/docker.sock\tits socket here\n"
      "edgectl forward shop-17 -R 9000:localhost:9000\tthe other way\n"
      "edgectl forward --detach shop-17 -D 1080\ta SOCKS proxy\n"
      "edgectl forward ls\tall of yours\n");
  auto options = std::make_shared<Options>();
  command->require_subcommand(0, 1);
  command->add_option("[USER@]NAME", options->target, "the account (default root) and the endpoint")
      ->type_name("TARGET");
  add_specs_flag(*command, "-L,--local", options->local,
                 "listen here, connect there: [BIND:]PORT:HOST:HOSTPORT; either side may be a "
                 "/SOCKET; port 0 is a free one",
                 "FORWARD");
  add_specs_flag(*command, "-R,--remote", options->remote,
                 "listen there, connect here; [BIND:]PORT alone is SOCKS", "FORWARD");
  add_specs_flag(*command, "-D,--dynamic", options->dynamic,
                 "SOCKS 4, 4a and 5 here: [BIND:]PORT or /SOCKET", "FORWARD");
  command->add_flag("--detach", options->detach, "go to the background, and print the id");
  command->add_option("--limit", options->limit, "bytes a second, each way: 10M")
      ->type_name("RATE");
  command->add_option("--wait", options->wait, "how long to wait while it is offline")
      ->type_name("DURATION");
  command->add_option("--instance", options->instance, "by host name, id or the start of its id")
      ->type_name("INSTANCE");
  // Its own callback comes last, also after that of a subcommand.
  command->callback([&chosen, command, options] {
    if (!command->get_subcommands().empty()) return;
    chosen = [options](Context& context) { return run(context, *options); };
  });
  add_forward_ls(*command, chosen);
  add_forward_show(*command, chosen);
  add_forward_rm(*command, chosen);
}

}  // namespace edge::edgectl
