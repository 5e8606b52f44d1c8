// edgectl snapshot show
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"
#include "edgectl/snapshot_page.hpp"

namespace edge::edgectl {
namespace {

struct Options {
  std::string name;
};

Result<int> run(Context& context, const Options& options) {
  const auto answer = context.api.get(control::endpoint_path(options.name, "/snapshots"));
  if (!answer) return answer.error();
  return print_snapshots(context, *answer, options.name);
}

}  // namespace

void add_snapshot_show(CLI::App& noun, Run& chosen) {
  auto* command = noun.add_subcommand(
      "show",
      "the last snapshot of each instance\n\n"
      "Snapshots are taken when an agent joins, on demand, and before an idle tunnel closes. "
      "-o json gives all of them, and all that is in them.");
  command->footer(
      "edgectl snapshot show shop-17\n"
      "edgectl snapshot show shop-17 -o json | jq '.items[0].snapshot.disks'\n");
  auto options = std::make_shared<Options>();
  add_endpoint_name(*command, options->name);
  choose(*command, chosen, options, run);
}

}  // namespace edge::edgectl
