// edgectl proxy: stdin and stdout to the session server of an endpoint
#include "control/proxy.hpp"

#include "base/ids.hpp"
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"
#include "edgectl/connect_target.hpp"

namespace edge::edgectl {
namespace {

struct Options {
  std::string name;
  std::string instance;
  std::string wait;
  std::string state;
};

Result<int> run(Context& context, const Options& options) {
  control::ProxyOptions proxy;
  proxy.socket = context.api.socket();
  proxy.endpoint = endpoint_of_host(options.name);
  if (!is_endpoint_name(proxy.endpoint)) {
    return fail(Errc::usage, "'" + options.name + "' is no endpoint name: " + kEndpointNameRule,
                "edgectl ls");
  }
  proxy.instance = options.instance;
  proxy.quiet = context.options.quiet;
  proxy.state_folder =
      options.state.empty() ? context.world.state_folder : std::filesystem::path(options.state);
  if (!options.wait.empty()) {
    proxy.wait = parse_duration(options.wait);
    if (!proxy.wait)
      return fail(Errc::usage, "--wait '" + options.wait + "' is no duration", "--wait 10m");
  }
  return control::proxy(proxy);
}

}  // namespace

void add_proxy(CLI::App& program, Run& chosen) {
  auto* command = program.add_subcommand(
      "proxy",
      "the SSH of an endpoint on stdin and stdout, for stock ssh\n\n"
      "`edgectl ssh-config` writes the configuration that uses it. What runs through it survives a "
      "cut network and a restart of edged: it waits, and goes on where it was.");
  command->footer(
      "edgectl proxy shop-17.edge\twith -o ProxyCommand='edgectl proxy %h' of ssh\n"
      "edgectl proxy --instance worker-3 shop.edge\tone node of a cluster\n"
      "edgectl proxy --wait 10m shop-17.edge\tor EDGECTL_WAIT=10m ssh shop-17.edge\n");
  auto options = std::make_shared<Options>();
  command->add_option("NAME", options->name, "the endpoint, by name or id; also [USER@]NAME.edge")
      ->type_name("ENDPOINT")
      ->required();
  command
      ->add_option("--instance", options->instance,
                   "of a cluster this one: host name, id, or the beginning of an id")
      ->type_name("INSTANCE");
  command->add_option("--wait", options->wait, "how long to wait for an endpoint that is offline")
      ->type_name("DURATION");
  command
      ->add_option("--state", options->state,
                   "the folder of your identity and known hosts (default ~/.local/state/edgectl)")
      ->type_name("FOLDER");
  choose(*command, chosen, options, run);
}

}  // namespace edge::edgectl
