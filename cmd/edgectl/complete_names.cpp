// edgectl complete-names: for the completion scripts. Hidden, quick, and silent when anything
// fails.
#include "base/ids.hpp"
#include "control/json_fields.hpp"
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"

namespace edge::edgectl {
namespace {

constexpr milliseconds kPatience{300};

struct Options {};

Result<int> run(Context& context, const Options&) {
  const auto answer = context.api.with_deadline(kPatience).get("/v1/endpoints");
  if (!answer) return 0;
  for (const auto& endpoint : control::list_at(*answer, "items")) {
    const std::string name = control::text_at(endpoint, "name");
    // bash expands what it is given to complete with: nothing but plain names may come out of here.
    if (is_endpoint_name(name)) context.world.out << name << '\n';
  }
  return 0;
}

}  // namespace

void add_complete_names(CLI::App& program, Run& chosen) {
  auto* command = program.add_subcommand("complete-names", "names of endpoints, for completion");
  command->group("");
  choose(*command, chosen, std::make_shared<Options>(), run);
}

}  // namespace edge::edgectl
