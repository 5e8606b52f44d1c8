// edge-agent leave and status: what this node is, and no more.
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "agent/identity.hpp"
#include "edge-agent/commands.hpp"

namespace edge::edge_agent {
namespace {

int leave(const Flags& flags) {
  auto config = load_config(flags);
  if (!config) return complain(config.error());
  const agent::IdentityFolder folder(config->state);
  auto identity = folder.load();
  if (config->state == config::AgentConfig{}.state)
    (void)systemctl({"disable", "--now", "--quiet", kUnit});
  if (auto forgotten = folder.forget(); !forgotten) return complain(forgotten.error());
  if (identity && *identity) {
    std::cout << "left endpoint " << (*identity)->name
              << ": its identity and keys are gone from this node\n"
              << "on the server it stays until: edgectl endpoint rm " << (*identity)->name << '\n';
  } else {
    std::cout << "this node had not joined an endpoint\n";
  }
  return 0;
}

int status(const Flags& flags, bool as_json) {
  auto config = load_config(flags);
  if (!config) return complain(config.error());
  auto identity = agent::IdentityFolder(config->state).load();
  if (!identity) return complain(identity.error());
  if (!*identity) {
    std::cout << (as_json ? "{\"apiVersion\":\"edge/v1\",\"joined\":false}\n"
                          : "not joined (edge-agent join)\n");
    return 3;
  }
  const auto& known = **identity;
  if (as_json) {
    const nlohmann::json view{{"apiVersion", "edge/v1"},
                              {"joined", true},
                              {"associated", known.associated},
                              {"endpoint", known.endpoint.text},
                              {"name", known.name},
                              {"instance", known.instance.text},
                              {"urls", known.urls},
                              {"tunnel", known.tunnel}};
    std::cout << view.dump(2) << '\n';
    return 0;
  }
  std::cout << "endpoint   " << known.name << " (" << known.endpoint.text << ")\n"
            << "instance   " << known.instance.text << '\n'
            << "associated " << (known.associated ? "yes" : "not yet: when it runs") << '\n'
            << "asks       " << known.urls.front() << '\n'
            << "tunnel     " << known.tunnel << '\n'
            << "state      " << config->state.string() << '\n';
  return 0;
}

}  // namespace

void add_leave(CLI::App& app, Body& chosen) {
  auto* command =
      app.add_subcommand("leave", "forget the endpoint: stops the unit, removes identity and keys");
  command->footer("edge-agent leave\tbefore joining another endpoint\n");
  command->callback([&chosen] { chosen = leave; });
}

void add_status(CLI::App& app, Body& chosen) {
  auto* command = app.add_subcommand("status", "what this node has joined; exit 3 when nothing");
  command->footer("edge-agent status\tfor people\nedge-agent status --json\tfor scripts\n");
  auto as_json = std::make_shared<bool>(false);
  command->add_flag("--json", *as_json, "as JSON");
  command->callback([&chosen, as_json] {
    chosen = [as_json](const Flags& flags) { return status(flags, *as_json); };
  });
}

}  // namespace edge::edge_agent
