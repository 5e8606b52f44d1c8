// edge-agent: dials out, asks whether it is needed, and serves who needs it.
#include <CLI/CLI.hpp>
#include <cstring>
#include <iostream>

#include "agent/session_process.hpp"
#include "docs/generate_man.hpp"
#include "docs/help.hpp"
#include "docs/write_pages.hpp"
#include "edge-agent/commands.hpp"

namespace {

using namespace edge;
using namespace edge::edge_agent;

int generate(const CLI::App& app, const std::filesystem::path& folder) {
  config::AgentConfig config;
  docs::ManPage page;
  page.section = 8;
  page.title = "System Administration";
  page.more = {
      {"EXIT STATUS",
       "",
       {{"0", "success"},
        {"1", "failure"},
        {"2", "the command or the join token is wrong"},
        {"3", "status: not joined"},
        {"4", "refused: edge ID, token or pin"},
        {"7", "the server cannot be reached"},
        {"8", "conflict; run: an agent runs with this state folder already"},
        {"10", "doctor: something failed"},
        {"78", "run: the endpoint was removed on the server"}}},
      {"PROXIES",
       "Where proxy.url and proxy.except of edge-agent.yaml(5) are empty the environment counts.",
       {{"https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY",
         "the proxy that everything is dialled through: the first of them that is set"},
        {"no_proxy, NO_PROXY", "what is dialled without it"}}},
      {"FILES",
       "",
       {{"/etc/edge-agent/edge-agent.yaml", "the configuration, edge-agent.yaml(5); may be absent"},
        {"/etc/pam.d/edge-agent",
         "the PAM service that an agent run as root asks about accounts; looked for once, at its "
         "start. Without it the agent checks by itself: no limits, no place in loginctl(1)"},
        {"/etc/default/edge-agent", "environment of the unit, NAME=VALUE a line; may be absent"},
        {"/var/lib/edge-agent", "identity and host key; 0700"}}}};
  page.see_also = {"edge-agent.yaml(5)", "edged(8)", "edgectl(1)"};
  const auto written = docs::write_pages(
      folder, {{"man/edge-agent.8", docs::man_of_program(docs::read_tree(app), page)},
               {"man/edge-agent.yaml.5",
                docs::man_of_settings("edge-agent.yaml", "/etc/edge-agent/edge-agent.yaml",
                                      "configuration of edge-agent", config::describe(config),
                                      {"edge-agent(8)", "edged.yaml(5)"})}});
  return written ? 0 : complain(written.error());
}

}  // namespace

int main(int argc, char** argv) {
  // Not a command for people: the process of one shell, started by `run` with its request on
  // descriptor 3.
  if (argc == 2 && std::strcmp(argv[1], "session") == 0) return agent::run_session_process();

  CLI::App app{
      "the agent: checks in, and opens a tunnel when it is needed\n\n"
      "edge-agent runs on the nodes. It only dials out: to the poll port, to ask \"do you need "
      "me?\", and to the tunnel "
      "port when the answer is yes. As root it gives shells of any account that "
      "session.allow-users names, as another "
      "user only its own.",
      "edge-agent"};
  docs::use_help(app);
  app.footer(
      "edge-agent join --edge-id 6e0c... <<< 'edge1...'\tmake this node an agent\n"
      "edge-agent status\twhat it has joined\n"
      "edge-agent run\tcheck in and serve\n"
      "edge-agent doctor\tfind out why it does not work\n");
  Flags flags;
  Body chosen;
  std::filesystem::path docs_folder;
  app.set_version_flag("--version", version_text(),
                       "print the versions of edge-agent, libssh and OpenSSL");
  auto* config_option =
      app.add_option("--config", flags.config, "the configuration, edge-agent.yaml(5)")
          ->type_name("FILE")
          ->capture_default_str()
          ->envname("EDGE_AGENT_CONFIG");
  app.add_option("--state", flags.state, "the state folder; wins over the configuration")
      ->type_name("FOLDER")
      ->envname("EDGE_AGENT_STATE");
  app.add_option("--log-level", flags.log_level, "wins over the configuration")
      ->type_name("debug|info|warning|error");
  app.add_option("--generate-docs", docs_folder)->group("");
  app.fallthrough();  // before the subcommands: they inherit it
  add_join(app, chosen);
  add_run(app, chosen);
  add_leave(app, chosen);
  add_status(app, chosen);
  add_doctor(app, chosen);
  app.require_subcommand(0, 1);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  flags.config_given = config_option->count() > 0;
  if (!docs_folder.empty()) return generate(app, docs_folder);
  if (!chosen) {
    std::cerr << app.help();
    return kExitUsage;
  }
  return chosen(flags);
}
