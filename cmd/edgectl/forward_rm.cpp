// edgectl forward rm
#include "base/text.hpp"
#include "control/exit_code.hpp"
#include "control/forward/forward_control.hpp"
#include "control/forward/forward_registry.hpp"
#include "control/json_fields.hpp"
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"

namespace edge::edgectl {
namespace {

struct Options {
  std::vector<std::string> ids;
  bool all = false;
};

Result<int> run(Context& context, const Options& options) {
  if (options.all != options.ids.empty())
    return fail(Errc::usage, options.all ? "--all takes no ids" : "which forward? ids, or --all",
                "edgectl forward ls");
  const control::ForwardRegistry registry(control::forwards_folder(context.world.state_folder));
  auto ids = options.ids;
  if (options.all) {
    for (const auto& forward : registry.all()) ids.push_back(control::text_at(forward, "id"));
  }
  std::size_t failed = 0;
  for (const auto& id : ids) {
    const auto ended = registry.stop(id);
    if (!ended && ids.size() == 1) return ended.error();
    if (!ended) {
      ++failed;
      control::print_error(context.world.err, ended.error(), context.style());
      continue;
    }
    const auto whole = control::text_at(*ended, "id");
    if (context.names_only()) {
      context.world.out << printable(whole) << '\n';
    } else if (!context.json()) {
      context.world.out << "ended forward " << printable(whole) << " to "
                        << printable(control::text_at(*ended, "endpoint")) << '\n';
    }
  }
  return failed == 0 ? control::kExitOk : control::kExitSomeFailed;
}

}  // namespace

void add_forward_rm(CLI::App& noun, Run& chosen) {
  auto* command = noun.add_subcommand("rm",
                                      "end forwards; open connections are closed\n\nThose in the "
                                      "background and those that are not.");
  command->footer("edgectl forward rm 3a6d603a\nedgectl forward rm --all\n");
  auto options = std::make_shared<Options>();
  command->add_option("ID", options->ids, "as forward ls shows them, or their beginnings")
      ->type_name("FORWARD-ID");
  command->add_flag("--all", options->all, "all of yours on this machine");
  choose(*command, chosen, options, run);
}

}  // namespace edge::edgectl
