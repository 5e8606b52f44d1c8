// edgectl forward ls
#include "control/forward/forward_control.hpp"
#include "control/forward/forward_registry.hpp"
#include "control/json_fields.hpp"
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"
#include "edgectl/forward_words.hpp"

namespace edge::edgectl {
namespace {

using control::Cell;
using control::text_at;

struct Options {};

// A screen is only so wide.
std::string first_spec(const nlohmann::json& forward) {
  const auto& all = control::list_at(forward, "forwards");
  if (all.empty() || !all.front().is_string()) return "";
  const auto more = all.size() > 1 ? " (+" + std::to_string(all.size() - 1) + ")" : "";
  return all.front().get<std::string>() + more;
}

std::vector<Cell> row_of(const nlohmann::json& forward, WallTime now, bool wide) {
  std::vector<Cell> row{text_at(forward, "id"),
                        forward_target(forward),
                        wide ? forward_specs(forward, ", ") : first_spec(forward),
                        forward_state_cell(forward),
                        control::count_at(forward, "open"),
                        control::format_bytes(control::number_at(forward, "bytes-in")),
                        control::format_bytes(control::number_at(forward, "bytes-out")),
                        control::ago(text_at(forward, "since"), now),
                        text_at(forward, "last-error")};
  if (!wide) return row;
  for (const auto& cell :
       {text_at(forward, "started-by"), text_at(forward, "session"),
        control::count_at(forward, "process"), control::count_at(forward, "connections"),
        control::count_at(forward, "refused"), text_at(forward, "log")})
    row.emplace_back(cell);
  return row;
}

Result<int> run(Context& context, const Options&) {
  const control::ForwardRegistry registry(control::forwards_folder(context.world.state_folder));
  const auto all = registry.all();
  if (context.json()) {
    control::print_json(context.world.out, {{"apiVersion", "edge/v1"}, {"items", all}});
    return 0;
  }
  if (context.names_only()) {
    for (const auto& forward : all) context.world.out << text_at(forward, "id") << '\n';
    return 0;
  }
  if (all.empty()) {
    context.world.err << "no forwards; edgectl forward NAME -L 8080:localhost:80 begins one\n";
    return 0;
  }
  const bool wide = context.options.output == "wide";
  std::vector<std::string> headers{"ID", "TARGET", "FORWARDS", "STATE",     "OPEN",
                                   "IN", "OUT",    "SINCE",    "LAST ERROR"};
  if (wide) {
    for (const char* more : {"BY", "SESSION", "PID", "CONNECTIONS", "REFUSED", "LOG"})
      headers.emplace_back(more);
  }
  control::Table table(headers);
  for (const auto& forward : all) table.add(row_of(forward, context.now(), wide));
  table.print(context.world.out, {!context.options.no_headers, context.colour_out, ""});
  return 0;
}

}  // namespace

void add_forward_ls(CLI::App& noun, Run& chosen) {
  auto* command =
      noun.add_subcommand("ls",
                          "list your forwards on this machine\n\n"
                          "Those in the background and those that are not, the oldest first.");
  command->footer(
      "edgectl forward ls\tall of them\n"
      "edgectl forward ls -o wide\twith their processes, sessions and logs\n"
      "edgectl forward ls -o json | jq '.items[] | select(.state != \"connected\")'\twhat does not "
      "work\n");
  choose(*command, chosen, std::make_shared<Options>(), run);
}

}  // namespace edge::edgectl
