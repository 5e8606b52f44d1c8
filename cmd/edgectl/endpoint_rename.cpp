// edgectl endpoint rename
#include "base/ids.hpp"
#include "base/text.hpp"
#include "control/output.hpp"
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"

namespace edge::edgectl {
namespace {

struct Options {
  std::string name;
  std::string new_name;
};

Result<int> run(Context& context, const Options& options) {
  if (!is_endpoint_name(options.new_name)) {
    return fail(Errc::usage,
                "'" + options.new_name + "' is no endpoint name: " + kEndpointNameRule);
  }
  const auto answer =
      context.api.patch(control::endpoint_path(options.name), {{"name", options.new_name}});
  if (!answer) return answer.error();
  if (context.structured()) return context.print(*answer);
  if (!context.options.quiet) {
    context.world.out << "endpoint " << printable(options.name) << " is now " << options.new_name
                      << '\n';
  }
  return 0;
}

}  // namespace

void add_endpoint_rename(CLI::App& noun, Run& chosen) {
  auto* command =
      noun.add_subcommand("rename", "give an endpoint another name; its agents need not know");
  command->footer("edgectl endpoint rename shop-17 shop-17-old\n");
  auto options = std::make_shared<Options>();
  add_endpoint_name(*command, options->name);
  command->add_option("NEW-NAME", options->new_name, kEndpointNameRule)
      ->type_name("NEW")
      ->required();
  choose(*command, chosen, options, run);
}

}  // namespace edge::edgectl
