// edgectl snapshot take
#include <optional>

#include "control/json_fields.hpp"
#include "control/progress.hpp"
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"
#include "edgectl/snapshot_many.hpp"
#include "edgectl/snapshot_page.hpp"
#include "edgectl/target_flags.hpp"

namespace edge::edgectl {
namespace {

struct Options {
  control::TargetChoice choice;
  std::string wait;
  std::size_t parallel = 16;
  bool dry_run = false;
};

// Of many: edged answers by itself when its own wait is over; this is for one that does not.
constexpr milliseconds kBeyondWait{300'000};

// What edged waits for at most by itself: two check-ins of an endpoint that is online.
milliseconds own_wait(const nlohmann::json& endpoint) {
  const auto wait = parse_duration(control::text_at(endpoint, "wait-at-most"));
  return wait ? 2 * *wait : milliseconds{0};
}

Result<std::optional<milliseconds>> wanted_wait(const Options& options) {
  if (options.wait.empty()) return std::optional<milliseconds>();
  const auto wait = parse_duration(options.wait);
  if (!wait) return fail(Errc::usage, "--wait '" + options.wait + "' is no duration", "--wait 10m");
  return wait;
}

std::string query_of(const std::optional<milliseconds>& wait) {
  return wait ? "?wait=" + format_duration(*wait) : std::string();
}

Result<int> take_one(Context& context, const std::string& name,
                     const std::optional<milliseconds>& wait) {
  const auto endpoint = context.api.get(control::endpoint_path(name));
  if (!endpoint) return endpoint.error();

  control::Progress progress(context.world.err, context.world.terminal,
                             context.options.quiet || context.structured());
  progress.show("taking a snapshot of " + name + "...");
  const auto patience = context.api.deadline() + wait.value_or(own_wait(*endpoint));
  const auto answer = context.api.with_deadline(patience).post(
      control::endpoint_path(name, "/snapshots" + query_of(wait)), nlohmann::json::object());
  progress.clear();
  if (!answer) return answer.error();
  if (context.options.quiet && !context.structured()) return 0;
  return print_snapshots(context, *answer, name);
}

// One that is named is shown whole; several, or whatever a selector or stdin gives, are rows.
Result<int> run(Context& context, const Options& options) {
  const auto wait = wanted_wait(options);
  if (!wait) return wait.error();
  const auto& names = options.choice.names;
  const bool is_one = options.choice.selector.empty() && names.size() == 1 && names.front() != "-";
  if (is_one && !options.dry_run) return take_one(context, names.front(), *wait);
  const auto targets = find_targets(context, options.choice);
  if (!targets) return targets.error();
  const auto agreed = agree_to_many(context, *targets, "take a snapshot",
                                    "edgectl snapshot take ...", options.dry_run);
  if (!agreed) return agreed.error();
  if (*agreed == Agreed::only_listed) return 0;
  const auto patience = context.api.deadline() + wait->value_or(milliseconds{0}) + kBeyondWait;
  return take_snapshots(context, *targets, {query_of(*wait), patience, options.parallel});
}

}  // namespace

void add_snapshot_take(CLI::App& noun, Run& chosen) {
  auto* command = noun.add_subcommand(
      "take",
      "take a snapshot now, and show it\n\n"
      "Of several endpoints: a line for each, and exit status 10 when some failed or are offline.");
  command->footer(
      "edgectl snapshot take shop-17\n"
      "edgectl snapshot take shop-17 --wait 10m\twait for an offline endpoint\n"
      "edgectl snapshot take -l site=berlin\tof several; asks first\n"
      "edgectl ls -q --state online | edgectl snapshot take - --yes\tfrom a script\n");
  auto options = std::make_shared<Options>();
  add_target_flags(*command, options->choice);
  command->add_option("--wait", options->wait, "how long to wait for an endpoint that is offline")
      ->type_name("DURATION");
  command->add_option("--parallel", options->parallel, "so many at a time (default 16)")
      ->type_name("N")
      ->check(CLI::Range(1, 256).description(""));
  command->add_flag("--dry-run", options->dry_run, "list the endpoints, and take nothing");
  choose(*command, chosen, options, run);
}

}  // namespace edge::edgectl
