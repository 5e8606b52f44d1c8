// edgectl endpoint rm
#include "base/text.hpp"
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"
#include "edgectl/confirm.hpp"

namespace edge::edgectl {
namespace {

struct Options {
  std::string name;
};

Result<int> run(Context& context, const Options& options) {
  const auto agreed =
      agree(context, "remove endpoint " + printable(options.name) + "? Its agents stop for good.",
            "edgectl endpoint rm " + options.name);
  if (!agreed) return agreed.error();
  const auto removed = context.api.remove(control::endpoint_path(options.name));
  if (!removed) return removed.error();
  if (!context.options.quiet && !context.structured()) {
    context.world.out << "removed endpoint " << printable(options.name) << '\n';
  }
  return 0;
}

}  // namespace

void add_endpoint_rm(CLI::App& noun, Run& chosen) {
  auto* command = noun.add_subcommand(
      "rm",
      "remove an endpoint; its agents stop\n\n"
      "Sessions and the tunnel are closed. Agents are told that the endpoint was removed, and stop "
      "for good.");
  command->footer(
      "edgectl endpoint rm shop-17\tasks first\n"
      "edgectl endpoint rm shop-17 --yes\tfrom a script\n");
  auto options = std::make_shared<Options>();
  add_endpoint_name(*command, options->name);
  choose(*command, chosen, options, run);
}

}  // namespace edge::edgectl
