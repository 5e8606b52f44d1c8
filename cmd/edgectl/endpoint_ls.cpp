// edgectl ls, edgectl endpoint ls
#include <algorithm>

#include "base/text.hpp"
#include "control/json_fields.hpp"
#include "control/output.hpp"
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"
#include "edgectl/endpoint_words.hpp"

namespace edge::edgectl {
namespace {

using control::text_at;

struct Options {};

std::vector<nlohmann::json> sorted_items(const nlohmann::json& answer) {
  const auto& items = control::list_at(answer, "items");
  std::vector<nlohmann::json> sorted(items.begin(), items.end());
  std::sort(sorted.begin(), sorted.end(), [](const auto& left, const auto& right) {
    return text_at(left, "name") < text_at(right, "name");
  });
  return sorted;
}

void print_table(Context& context, const std::vector<nlohmann::json>& endpoints) {
  control::Table table({"NAME", "STATE", "LAST SEEN", "INTERVAL", "TUNNEL", "VERSION"});
  for (const auto& endpoint : endpoints) {
    table.add({text_at(endpoint, "name"), state_cell(endpoint),
               control::ago(text_at(endpoint, "last-seen"), context.now()),
               text_at(endpoint, "interval"), tunnel_cell(endpoint), text_at(endpoint, "version")});
  }
  table.print(context.world.out, {!context.options.no_headers, context.colour_out, ""});
}

Result<int> run(Context& context, const Options&) {
  const auto answer = context.api.get("/v1/endpoints");
  if (!answer) return answer.error();
  if (context.json()) {
    control::print_json(context.world.out, *answer);
    return 0;
  }
  const auto endpoints = sorted_items(*answer);
  if (context.names_only()) {
    for (const auto& endpoint : endpoints) {
      context.world.out << printable(text_at(endpoint, "name")) << '\n';
    }
    return 0;
  }
  if (endpoints.empty()) {
    context.world.err << "no endpoints yet; edgectl endpoint create NAME makes one\n";
    return 0;
  }
  print_table(context, endpoints);
  return 0;
}

}  // namespace

void add_endpoint_ls(CLI::App& parent, Run& chosen) {
  auto* command = parent.add_subcommand("ls", "list the endpoints, with their state and tunnel");
  command->footer(
      "edgectl ls\tall endpoints\n"
      "edgectl ls -q\ttheir names alone\n"
      "edgectl ls -o json | jq '.items[].name'\tfor programs\n");
  choose(*command, chosen, std::make_shared<Options>(), run);
}

}  // namespace edge::edgectl
