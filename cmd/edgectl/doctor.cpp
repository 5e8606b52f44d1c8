// edgectl doctor
#include "control/doctor.hpp"

#include "control/exit_code.hpp"
#include "control/output.hpp"
#include "doctor/print.hpp"
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"

namespace edge::edgectl {
namespace {

struct Options {
  std::string name;
  std::string each = "5s";
  std::string wait;
};

Result<int> run(Context& context, const Options& options) {
  control::DoctorOptions wanted;
  const auto each = parse_duration(options.each);
  if (!each || each->count() == 0)
    return fail(Errc::usage, "--step-timeout '" + options.each + "' is no duration",
                "--step-timeout 5s");
  wanted.each = *each;
  if (!options.wait.empty()) {
    wanted.wait = parse_duration(options.wait);
    if (!wanted.wait)
      return fail(Errc::usage, "--wait '" + options.wait + "' is no duration", "--wait 30s");
  }
  auto& world = context.world;
  doctor::Report report;
  if (!context.structured()) {
    const bool progress = world.terminal.err && !context.options.quiet;
    doctor::show(report, world.out, world.err, {context.colour_out, progress});
  }
  control::Doctor doctor(report, context.api.with_deadline(wanted.each), wanted);
  doctor.examine(options.name);
  if (context.structured()) {
    const auto printed = context.print(doctor::describe(report));
    if (!printed) return printed;
  } else {
    doctor::print_summary(world.out, report);
  }
  return report.healthy() ? control::kExitOk : control::kExitSomeFailed;
}

}  // namespace

void add_doctor(CLI::App& program, Run& chosen) {
  auto* command = program.add_subcommand(
      "doctor",
      "find out what is wrong with edged, or with an endpoint\n\n"
      "Each step is PASS, FAIL or SKIP, and a FAIL says what it means and what to do next. Of "
      "edged: its version, both ports at the addresses that agents are told (name, TCP, TLS and "
      "pin, HTTP, host key), certificate, store, descriptors, connections, log. With NAME the "
      "endpoint first: who has joined it and when it was seen, what its agent reported, and a "
      "tunnel that is opened and pinged. On the node, edge-agent doctor looks from the other side. "
      "Exit status 10: something failed.");
  command->footer(
      "edgectl doctor\tof edged alone\n"
      "edgectl doctor shop-17\tand of one endpoint\n"
      "edgectl doctor shop-17 -o json | jq '.checks[] | select(.verdict == \"FAIL\")'\tfor "
      "programs\n");
  auto options = std::make_shared<Options>();
  command->add_option("NAME", options->name, "the endpoint, by name or id")->type_name("ENDPOINT");
  command->add_option("--step-timeout", options->each, "what each step may take")
      ->type_name("DURATION")
      ->default_str("5s");
  command->add_option("--wait", options->wait, "how long to wait for the endpoint's tunnel")
      ->type_name("DURATION");
  choose(*command, chosen, options, run);
}

}  // namespace edge::edgectl
