#include "edgectl/exec_flags.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "control/exec/share.hpp"
#include "edgectl/target_flags.hpp"

namespace edge::edgectl {
namespace {

using control::ExecOptions;

constexpr std::size_t kParallel = 64;  // measured: scripts/bench fleet --only exec-1000
constexpr std::size_t kMostParallel = 1'000;
constexpr milliseconds kWait = std::chrono::minutes(10);  // --on-offline wait without --wait

Result<milliseconds> duration(const char* flag, const std::string& text) {
  const auto parsed = parse_duration(text);
  if (parsed && parsed->count() > 0) return *parsed;
  return fail(Errc::usage, std::string(flag) + " '" + text + "' is no duration",
              std::string(flag) + " 10m");
}

Result<void> set_form(const ExecFlags& flags, bool json, ExecOptions& exec) {
  if (json + flags.group + !flags.log_dir.empty() > 1)
    return fail(Errc::usage, "--group, --log-dir and -o json exclude each other");
  exec.form = exec.is_one ? ExecOptions::Form::as_is : ExecOptions::Form::lines;
  if (json) exec.form = ExecOptions::Form::objects;
  if (flags.group) exec.form = ExecOptions::Form::groups;
  if (!flags.log_dir.empty()) exec.form = ExecOptions::Form::folder;
  exec.log_dir = flags.log_dir;
  return {};
}

Result<void> set_offline(const ExecFlags& flags, ExecOptions& exec) {
  const auto& wish = flags.on_offline;
  if (!wish.empty() && wish != "skip" && wish != "wait" && wish != "fail")
    return fail(Errc::usage, "--on-offline '" + wish + "' is none of skip|wait|fail");
  if (!flags.wait.empty() && !wish.empty() && wish != "wait")
    return fail(Errc::usage, "--wait and --on-offline " + wish + " exclude each other");
  if (wish == "skip") exec.on_offline = ExecOptions::OnOffline::skip;
  if (wish != "wait" && flags.wait.empty()) return {};
  exec.on_offline = ExecOptions::OnOffline::wait;
  exec.wait = kWait;
  if (flags.wait.empty()) return {};
  const auto wait = duration("--wait", flags.wait);
  if (!wait) return wait.error();
  exec.wait = *wait;
  return {};
}

}  // namespace

Result<void> set_manner(const ExecFlags& flags, bool json, ExecOptions& exec) {
  if (auto set = set_form(flags, json, exec); !set) return set.error();
  if (auto set = set_offline(flags, exec); !set) return set.error();
  if (flags.timeout.empty()) return {};
  const auto timeout = duration("--timeout", flags.timeout);
  if (!timeout) return timeout.error();
  exec.timeout = *timeout;
  return {};
}

Result<void> set_limits(const ExecFlags& flags, ExecOptions& exec) {
  const auto all = exec.targets.size();
  exec.limits.parallel = kParallel;
  if (!flags.parallel.empty()) {
    const auto parallel = control::parse_share("--parallel", flags.parallel);
    if (!parallel) return parallel.error();
    exec.limits.parallel = std::max<std::size_t>(parallel->of(all), 1);
    if (exec.limits.parallel > kMostParallel)
      return fail(Errc::usage, "--parallel: at most " + std::to_string(kMostParallel));
  }
  if (!flags.batch.empty()) {
    const auto batch = control::parse_share("--batch", flags.batch);
    if (!batch) return batch.error();
    exec.limits.batch = std::max<std::size_t>(batch->of(all), 1);
  }
  if (!flags.max_fail.empty()) {
    const auto most = control::parse_share("--max-fail", flags.max_fail);
    if (!most) return most.error();
    exec.limits.failures = most->of(all);
  }
  // Who is there goes first: those that are waited for hold back nobody's batch.
  if (exec.on_offline == ExecOptions::OnOffline::wait)
    std::stable_partition(exec.targets.begin(), exec.targets.end(),
                          [](const control::Target& target) { return target.is_online(); });
  return {};
}

void add_exec_flags(CLI::App& command, ExecFlags& flags) {
  const auto add = [&command](const char* name, std::string& value, const char* help,
                              const char* type) {
    return command.add_option(name, value, help)->type_name(type);
  };
  add_target_flags(command, flags.choice);
  add("--user", flags.user, "the account on the nodes, as USER@NAME (default root)", "USER");
  add("--parallel", flags.parallel, "so many at once", "N")->default_str("64");
  add("--timeout", flags.timeout, "for each endpoint; what still runs then is killed", "DURATION");
  add("--batch", flags.batch, "so many, to the last one, before the next begin", "N|N%");
  add("--max-fail", flags.max_fail, "start nothing more once more than so many have failed",
      "N|N%");
  add("--on-offline", flags.on_offline,
      "those that are offline: are failures, are left out, or are waited for", "skip|wait|fail")
      ->default_str("fail");
  add("--wait", flags.wait, "wait for those that are offline, so long (default 10m)", "DURATION");
  add("--stdin", flags.input, "what each command reads; - for our own stdin (default: nothing)",
      "FILE");
  add("--script", flags.script, "run this file of ours, with the words after --, and leave no copy",
      "FILE");
  command.add_flag("--group", flags.group, "identical outputs together, at the end");
  add("--log-dir", flags.log_dir, "output into FOLDER/NAME.out and FOLDER/NAME.err", "FOLDER");
  add("--result", flags.result,
      "write what became of each to this file (default: a new one in "
      "~/.local/state/edgectl/exec, for many)",
      "FILE");
  add("--retry-failed", flags.retry_failed,
      "go on with those that an earlier run left undone: its result file, or the word last",
      "FILE");
  command.add_flag("--dry-run", flags.dry_run, "list the endpoints, and do nothing");
}

}  // namespace edge::edgectl
