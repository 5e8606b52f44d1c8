// edge-agent doctor: what is between this node and a working tunnel.
#include "agent/doctor.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>

#include "agent/run_lock.hpp"
#include "base/files.hpp"
#include "doctor/print.hpp"
#include "doctor/run.hpp"
#include "edge-agent/commands.hpp"
#include "edge-agent/proxies.hpp"

namespace edge::edge_agent {
namespace {

struct Options {
  std::string output = "table";
  std::string timeout = "5s";
  bool whole_hold = false;
};

std::string how_to_start(const config::AgentConfig& config) {
  const bool packaged = config.state == config::AgentConfig{}.state;
  if (packaged && systemd_runs())
    return "systemctl status edge-agent, then systemctl start edge-agent";
  return "edge-agent run" + (packaged ? "" : " --state " + config.state.string());
}

// The running agent's: its unit may name a proxy that this shell does not know, or the other way
// round. Of this process where none runs or it cannot be seen.
Environment environment_of_agent(const config::AgentConfig& config) {
  const auto process = agent::RunLock::holder(config.state);
  if (!process) return own_environment;
  auto text = read_file("/proc/" + std::to_string(*process) + "/environ");
  if (!text || text->empty()) return own_environment;
  std::map<std::string, std::string> variables;
  std::istringstream entries(*text);
  for (std::string entry; std::getline(entries, entry, '\0');) {
    const auto equals = entry.find('=');
    if (equals != std::string::npos)
      variables.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return [variables](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
  };
}

int examine(const Flags& flags, const Options& options) {
  std::signal(SIGPIPE, SIG_IGN);
  auto config = load_config(flags);
  if (!config) return complain(config.error());
  if (options.output != "table" && options.output != "json")
    return complain(fail(Errc::usage, "--output: table or json"));
  const auto each = parse_duration(options.timeout);
  if (!each || each->count() == 0)
    return complain(
        fail(Errc::usage, "--timeout '" + options.timeout + "' is no duration", "--timeout 5s"));
  // What it finds is its answer; lines of a log would stand in between.
  log::start(log::Level::error, false);
  doctor::Report report;
  const bool as_json = options.output == "json";
  const bool coloured = ::isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
  if (!as_json)
    doctor::show(report, std::cout, std::cerr, {coloured, ::isatty(STDERR_FILENO) != 0});
  agent::DoctorOptions wanted;
  wanted.each = *each;
  wanted.whole_hold = options.whole_hold;
  wanted.start = how_to_start(*config);
  auto proxies = load_proxies(*config, environment_of_agent(*config));
  if (proxies) {
    wanted.dial.proxies = *proxies;
  } else {
    wanted.no_dial = proxies.error().message;
  }
  agent::Doctor doctor(report, *config, std::move(wanted));
  doctor::run(doctor.examine());
  if (as_json) {
    std::cout << doctor::describe(report).dump(2) << '\n';
  } else {
    doctor::print_summary(std::cout, report);
  }
  return report.healthy() ? 0 : kExitSomeFailed;
}

}  // namespace

void add_doctor(CLI::App& app, Body& chosen) {
  auto* command = app.add_subcommand(
      "doctor",
      "look at everything between this node and a working tunnel\n\n"
      "Each step is PASS, FAIL or SKIP, and a FAIL says what it means and what to do next: the "
      "identity, the agent, proxy, name, TCP, TLS and pin, what edged answers, the clock, held "
      "check-ins, the tunnel port and its host key, and a whole trial tunnel with credentials of "
      "its own. The agent goes on meanwhile, and nothing of it counts as a check-in. Run it as the "
      "agent's user or as root. Exit status 10: something failed.");
  command->footer(
      "edge-agent doctor\tall of it, a few seconds\n"
      "edge-agent doctor --hold\thold a question as long as check-ins are held\n"
      "edge-agent doctor -o json\tfor programs\n");
  auto options = std::make_shared<Options>();
  command->add_option("-o,--output", options->output, "for people or for programs")
      ->type_name("table|json")
      ->default_str("table");
  command->add_option("--timeout", options->timeout, "what each step may take")
      ->type_name("DURATION")
      ->default_str("5s");
  command->add_flag("--hold", options->whole_hold,
                    "hold a question for as long as check-ins are held, not for 2s");
  command->callback([&chosen, options] {
    chosen = [options](const Flags& flags) { return examine(flags, *options); };
  });
}

}  // namespace edge::edge_agent
