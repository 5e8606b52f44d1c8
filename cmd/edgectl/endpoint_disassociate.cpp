// edgectl endpoint disassociate
#include "base/text.hpp"
#include "control/output.hpp"
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"
#include "edgectl/confirm.hpp"

namespace edge::edgectl {
namespace {

struct Options {
  std::string name;
};

Result<int> run(Context& context, const Options& options) {
  const auto agreed = agree(context,
                            "forget the edge ID and the instances of " + printable(options.name) +
                                "? Its agents are refused until they join again.",
                            "edgectl endpoint disassociate " + options.name);
  if (!agreed) return agreed.error();
  const auto answer = context.api.post(control::endpoint_path(options.name, "/disassociate"),
                                       nlohmann::json::object());
  if (!answer) return answer.error();
  if (context.structured()) return context.print(*answer);
  if (!context.options.quiet) {
    context.world.out << "endpoint " << printable(options.name) << " may be joined again\n";
  }
  return 0;
}

}  // namespace

void add_endpoint_disassociate(CLI::App& noun, Run& chosen) {
  auto* command = noun.add_subcommand(
      "disassociate",
      "forget the edge ID, so that a replaced machine can join\n\n"
      "The instances and their host keys are forgotten with it. The name, the settings and "
      "the events stay.");
  command->footer(
      "edgectl endpoint disassociate shop-17\n"
      "edgectl endpoint token shop-17\tthen: the line to join with\n");
  auto options = std::make_shared<Options>();
  add_endpoint_name(*command, options->name);
  choose(*command, chosen, options, run);
}

}  // namespace edge::edgectl
