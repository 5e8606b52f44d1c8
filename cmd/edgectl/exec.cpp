// edgectl exec: from the command line to control::exec
#include "control/exec/exec.hpp"

#include <cstdlib>

#include "base/text.hpp"
#include "control/exec/share.hpp"
#include "control/exit_code.hpp"
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"
#include "edgectl/connect_target.hpp"
#include "edgectl/exec_flags.hpp"
#include "edgectl/offered_environment.hpp"
#include "edgectl/target_flags.hpp"

namespace edge::edgectl {
namespace {

using control::ExecOptions;

// The account of USER@NAME, which all names must share: it is one command.
Result<void> take_account(control::TargetChoice& choice, std::string& account) {
  bool first = account.empty();
  for (auto& name : choice.names) {
    if (name.find('@') == std::string::npos) continue;
    const auto target = parse_connect_target(name);
    if (!target) return target.error();
    if (!std::exchange(first, false) && account != target->user) {
      return fail(Errc::usage, "'" + printable(name) + "': one account for all",
                  "edgectl exec --user " + account + " NAME... -- CMD");
    }
    account = target->user;
    name = target->endpoint;
  }
  return {};
}

std::filesystem::path record_folder(const Context& context) {
  return context.world.state_folder.empty() ? std::filesystem::path()
                                            : context.world.state_folder / "exec";
}

// What was left undone the last time, and how; what is said anew this time wins.
Result<void> go_on_with(Context& context, const ExecFlags& flags, control::TargetChoice& choice,
                        control::ExecOrder& order) {
  std::filesystem::path file = flags.retry_failed;
  if (flags.retry_failed == "last") {
    const auto last = control::last_record(record_folder(context));
    if (!last) return fail(Errc::not_found, "there is no earlier run to go on with");
    file = *last;
  }
  auto old = control::read_undone(file);
  if (!old) return old.error();
  if (old->names.empty())
    return fail(Errc::not_found, "nothing is left to do: all in " + file.string() + " ended well");
  choice.names = std::move(old->names);
  if (order.account.empty()) order.account = old->account;
  if (!order.command.empty() || !order.script.empty()) return {};
  order.command = std::move(old->command);
  order.script = std::move(old->script);
  if (order.input.empty()) order.input = std::move(old->input);
  return {};
}

Result<void> set_order(Context& context, const ExecFlags& flags, control::TargetChoice& choice,
                       control::ExecOrder& order) {
  order.command = context.far_command;
  order.script = flags.script;
  order.input = flags.input;
  order.account = flags.user;
  if (auto taken = take_account(choice, order.account); !taken) return taken.error();
  if (!flags.retry_failed.empty()) {
    if (!choice.empty())
      return fail(Errc::usage, "--retry-failed has its endpoints from the file; name none");
    if (auto found = go_on_with(context, flags, choice, order); !found) return found.error();
  }
  if (order.command.empty() && order.script.empty())
    return fail(Errc::usage, "what is to be run? no command stands after --",
                "edgectl exec NAME -- uname -a, or --script FILE");
  if (!order.script.empty() && order.script != "-")
    order.script = std::filesystem::absolute(order.script).string();
  if (!order.input.empty() && order.input != "-")
    order.input = std::filesystem::absolute(order.input).string();
  if (order.input == "-" || order.script == "-") {
    for (const auto& name : choice.names)
      if (name == "-" || order.input == order.script)
        return fail(Errc::usage, "stdin can be read once: for names, for --stdin or for --script");
  }
  return {};
}

Result<void> set_record(Context& context, const ExecFlags& flags, ExecOptions& exec) {
  if (!flags.result.empty()) {
    exec.record = std::filesystem::absolute(flags.result);
  } else if (const auto folder = record_folder(context); !exec.is_one && !folder.empty()) {
    auto file = control::next_record(folder, context.now());
    if (!file) return file.error();
    exec.record = std::move(*file);
  }
  return {};
}

void set_world(const Context& context, ExecOptions& exec) {
  exec.socket = context.api.socket();
  exec.quiet = context.options.quiet;
  exec.terminal = context.world.terminal;
  exec.colour_out = context.colour_out;
  exec.colour_err = context.colour_err;
  exec.dumb = context.world.environment.term == "dumb";
  exec.state_folder = context.world.state_folder;
  const char* folder = std::getenv("TMPDIR");
  exec.spool_folder = folder != nullptr && *folder != '\0' ? folder : "/var/tmp";
  exec.environment = offered_environment();
}

std::string what_runs(const control::ExecOrder& order) {
  std::string text = order.script.empty() ? "" : order.script;
  for (const auto& word : order.command) text += (text.empty() ? "" : " ") + word;
  return "run '" + printable(text, 60) + "'";
}

Result<int> run_checked(Context& context, const ExecFlags& flags, bool is_one) {
  const auto& output = context.options.output;
  if (!context.json() && output != "table" && output != "wide")
    return fail(Errc::usage, "-o " + output + ": exec has -o json, --group and --log-dir");
  ExecOptions exec;
  exec.is_one = is_one;
  auto choice = flags.choice;
  if (auto set = set_order(context, flags, choice, exec.order); !set) return set.error();
  if (auto set = set_manner(flags, context.json(), exec); !set) return set.error();
  auto targets = find_targets(context, choice);
  if (!targets) return targets.error();
  exec.targets = std::move(*targets);
  if (auto set = set_limits(flags, exec); !set) return set.error();
  set_world(context, exec);
  const auto agreed = agree_to_many(context, exec.targets, what_runs(exec.order),
                                    "edgectl exec ...", flags.dry_run);
  if (!agreed) return agreed.error();
  if (*agreed == Agreed::only_listed) return control::kExitOk;
  if (auto set = set_record(context, flags, exec); !set) return set.error();
  return control::exec(exec);
}

// With one endpoint ssh's rule holds: 255 is ours, everything else is the far one's. With many the
// exit codes are everybody's.
Result<int> run(Context& context, const ExecFlags& flags) {
  const bool is_one = flags.retry_failed.empty() && flags.choice.selector.empty() &&
                      flags.choice.names.size() == 1 && flags.choice.names.front() != "-";
  auto status = run_checked(context, flags, is_one);
  if (status || is_one) return status;
  control::print_error(context.world.err, status.error(), context.style());
  return control::exit_code(status.error().code);
}

}  // namespace

void add_exec(CLI::App& program, Run& chosen) {
  auto* command = program.add_subcommand(
      "exec",
      "run a command on one endpoint, or on many\n\n"
      "On one that is named, status, stdout and stderr are the far ones; 255: edgectl failed "
      "itself. On many, each line stands behind its endpoint's name, a summary names the failed "
      "and the offline, and 10 means that something was left undone. Words after -- are joined by "
      "blanks, as ssh does. Ctrl-C once: nothing more starts; twice: what runs is cancelled.");
  command->footer(
      "edgectl exec shop-17 -- uname -a\ton one\n"
      "edgectl exec -l site=berlin -- uptime\ton all with a label\n"
      "edgectl exec a b c --group -- cat /etc/os-release\tgrouped by output\n"
      "edgectl ls -q | edgectl exec - --yes -- true\tnames from stdin\n"
      "edgectl exec -l tier=till --batch 10% --max-fail 5% -- ./upgrade\tcarefully\n"
      "edgectl exec -l tier=till --script check.sh -- --fast\twith an argument\n"
      "edgectl exec --retry-failed last\twhat was left undone\n");
  auto flags = std::make_shared<ExecFlags>();
  add_exec_flags(*command, *flags);
  choose(*command, chosen, flags, run);
}

}  // namespace edge::edgectl
