// edgectl endpoint show
#include "control/output.hpp"
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"
#include "edgectl/endpoint_page.hpp"

namespace edge::edgectl {
namespace {

struct Options {
  std::string name;
};

Result<int> run(Context& context, const Options& options) {
  const auto endpoint = context.api.get(control::endpoint_path(options.name));
  if (!endpoint) return endpoint.error();
  if (context.structured()) return context.print(*endpoint);
  print_endpoint_page(context.world.out, *endpoint, context.now(), context.colour_out);
  return 0;
}

}  // namespace

void add_endpoint_show(CLI::App& noun, Run& chosen) {
  auto* command =
      noun.add_subcommand("show", "all about an endpoint: instances, tunnel, sessions, events");
  command->footer(
      "edgectl endpoint show shop-17\n"
      "edgectl endpoint show shop-17 -o json | jq .tunnel\tfor programs\n");
  auto options = std::make_shared<Options>();
  add_endpoint_name(*command, options->name);
  choose(*command, chosen, options, run);
}

}  // namespace edge::edgectl
