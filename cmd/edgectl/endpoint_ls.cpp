// edgectl ls, edgectl endpoint ls
#include "base/text.hpp"
#include "control/json_fields.hpp"
#include "control/output.hpp"
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"
#include "edgectl/endpoint_list.hpp"

namespace edge::edgectl {
namespace {

using control::text_at;
using nlohmann::json;

constexpr const char* kAll = "/v1/endpoints";
constexpr const char* kTargets = "/v1/targets";

Result<json> request_for(Context& context, const control::TargetChoice& choice) {
  auto request = control::target_request(choice, context.world.in);
  if (!request) return request.error();
  (*request)["whole"] = true;
  return request;
}

Result<json> fetch(Context& context, const control::TargetChoice& choice) {
  if (choice.empty()) return context.api.get(kAll);
  const auto request = request_for(context, choice);
  if (!request) return request.error();
  return context.api.post(kTargets, *request);
}

// edged's own words, one endpoint a line: a program reads them as well as indented ones, and 15,000
// endpoints are there in a third of the time.
Result<int> pass_on(Context& context, const control::TargetChoice& choice) {
  Result<std::string> answer = std::string();
  if (choice.empty()) {
    answer = context.api.get_text(kAll);
  } else {
    const auto request = request_for(context, choice);
    if (!request) return request.error();
    answer = context.api.post_text(kTargets, *request);
  }
  if (!answer) return answer.error();
  context.world.out << *answer;
  return 0;
}

std::vector<json> items_of(json answer) {
  std::vector<json> items;
  if (!answer.is_object() || !answer["items"].is_array()) return items;
  for (auto& item : answer["items"]) items.push_back(std::move(item));
  return items;
}

Result<int> print_table(Context& context, const std::vector<json>& endpoints,
                        const std::vector<EndpointColumn>& columns) {
  list_table(endpoints, columns, context.now())
      .print(context.world.out, {!context.options.no_headers, context.colour_out, ""});
  return 0;
}

Result<int> print_structured(Context& context, std::vector<json> endpoints) {
  json answer{{"apiVersion", "edge/v1"}, {"items", json::array()}};
  answer["items"].get_ref<json::array_t&>() = std::move(endpoints);
  return context.print(answer);
}

void say_nothing_found(Context& context, const ListOptions& options) {
  if (context.options.quiet) return;
  context.world.err << (options.states.empty()
                            ? "no endpoints yet; edgectl endpoint create NAME makes one\n"
                            : "no such endpoint is in that state\n");
}

Result<int> run(Context& context, const ListOptions& options) {
  if (options.follow) return follow_endpoints(context, options);
  // A terminal's reader likes it indented.
  if (context.json() && options.takes_all() && !context.world.terminal.out) {
    return pass_on(context, options.choice);
  }
  auto answer = fetch(context, options.choice);
  if (!answer) return answer.error();
  auto items = items_of(std::move(*answer));
  const auto columns = list_columns(context, items, options);
  if (!columns) return columns.error();
  auto endpoints = listed(std::move(items), options);
  if (!endpoints) return endpoints.error();
  if (context.structured()) return print_structured(context, std::move(*endpoints));
  if (context.names_only()) {
    for (const auto& endpoint : *endpoints) {
      context.world.out << printable(text_at(endpoint, "name")) << '\n';
    }
    return 0;
  }
  if (endpoints->empty()) {
    say_nothing_found(context, options);
    return 0;
  }
  return print_table(context, *endpoints, *columns);
}

}  // namespace

void add_endpoint_ls(CLI::App& parent, Run& chosen) {
  auto* command = parent.add_subcommand("ls", "list the endpoints, with their state and tunnel");
  command->footer(
      "edgectl ls\tall endpoints\n"
      "edgectl ls -l site=berlin,tier!=dev --state offline\tby label and state\n"
      "edgectl ls -w\tand follow what changes\n"
      "edgectl ls --sort last-seen --columns name,state,site\tsite is a label\n"
      "edgectl ls -o jsonpath='{.items[*].name}'\tfor programs, as -q and -o json\n");
  auto options = std::make_shared<ListOptions>();
  add_target_flags(*command, options->choice);
  command->add_option("--state", options->states, "those in this state; may be given several times")
      ->type_name("new|online|offline")
      ->allow_extra_args(false)
      ->delimiter(',')
      ->check(CLI::IsMember({"new", "online", "offline"}).description(""));
  command
      ->add_option("--sort", options->sort,
                   "by name, state, last-seen, created, version, or a label's key (default name)")
      ->type_name("COLUMN");
  command->add_flag("--reverse", options->reverse, "the other way around");
  command->add_option("--columns", options->columns, "these columns; a label's key is one, too")
      ->type_name("COLUMN,...");
  command->add_flag("-w,--watch", options->follow, "go on: show each change until Ctrl-C");
  choose(*command, chosen, options, run);
}

}  // namespace edge::edgectl
