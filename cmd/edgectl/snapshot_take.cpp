// edgectl snapshot take
#include <optional>

#include "control/json_fields.hpp"
#include "control/progress.hpp"
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"
#include "edgectl/snapshot_page.hpp"

namespace edge::edgectl {
namespace {

struct Options {
  std::string name;
  std::string wait;
};

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

Result<int> run(Context& context, const Options& options) {
  const auto wait = wanted_wait(options);
  if (!wait) return wait.error();
  const auto endpoint = context.api.get(control::endpoint_path(options.name));
  if (!endpoint) return endpoint.error();

  control::Progress progress(context.world.err, context.world.terminal,
                             context.options.quiet || context.structured());
  progress.show("taking a snapshot of " + options.name + "...");
  const auto patience = context.api.deadline() + wait->value_or(own_wait(*endpoint));
  const std::string query = *wait ? "?wait=" + format_duration(**wait) : "";
  const auto answer = context.api.with_deadline(patience).post(
      control::endpoint_path(options.name, "/snapshots" + query), nlohmann::json::object());
  progress.clear();
  if (!answer) return answer.error();
  if (context.options.quiet && !context.structured()) return 0;
  return print_snapshots(context, *answer, options.name);
}

}  // namespace

void add_snapshot_take(CLI::App& noun, Run& chosen) {
  auto* command = noun.add_subcommand("take", "take a snapshot now, and show it");
  command->footer(
      "edgectl snapshot take shop-17\n"
      "edgectl snapshot take shop-17 --wait 10m\twait for an offline endpoint\n");
  auto options = std::make_shared<Options>();
  add_endpoint_name(*command, options->name);
  command->add_option("--wait", options->wait, "how long to wait for an endpoint that is offline")
      ->type_name("DURATION");
  choose(*command, chosen, options, run);
}

}  // namespace edge::edgectl
