// edgectl endpoint create
#include "base/ids.hpp"
#include "control/json_fields.hpp"
#include "control/output.hpp"
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"
#include "edgectl/join_line.hpp"

namespace edge::edgectl {
namespace {

struct Options {
  std::string name;
  std::string url;
  TokenOptions token;
  bool if_absent = false;
};

Result<int> show_existing(Context& context, const Options& options) {
  const auto endpoint = context.api.get(control::endpoint_path(options.name));
  if (!endpoint) return endpoint.error();
  if (context.json()) {
    control::print_json(context.world.out,
                        {{"apiVersion", control::text_at(*endpoint, "apiVersion")},
                         {"created", false},
                         {"endpoint", *endpoint}});
  } else if (context.options.quiet) {
    context.world.out << control::text_at(*endpoint, "id") << '\n';
  } else {
    context.world.out << "endpoint " << options.name << " exists already\n";
  }
  return 0;
}

Result<int> run(Context& context, const Options& options) {
  if (!is_endpoint_name(options.name)) {
    return fail(Errc::usage, "'" + options.name + "' is no endpoint name: " + kEndpointNameRule);
  }
  const auto checked = check_expires(options.token.expires);
  if (!checked) return checked.error();

  nlohmann::json body{{"name", options.name}};
  if (!options.url.empty()) body["url"] = options.url;
  if (!options.token.expires.empty()) body["expires"] = options.token.expires;
  const auto answer = context.api.post("/v1/endpoints", body);
  if (!answer && answer.error().code == Errc::conflict && options.if_absent) {
    return show_existing(context, options);
  }
  if (!answer) return answer.error();
  return print_join_line(context, *answer, "created endpoint", options.token);
}

}  // namespace

void add_endpoint_create(CLI::App& noun, Run& chosen) {
  auto* command =
      noun.add_subcommand("create", "make an endpoint and print the line that joins its agents");
  command->footer(
      "edgectl endpoint create shop-17\n"
      "edgectl endpoint create shop-17 --expires never\tpre-staged agents\n"
      "edgectl endpoint create shop-17 --if-absent\tsafe to repeat\n"
      "edgectl endpoint create shop-17 -o json | jq -r .token\tfor programs\n");
  auto options = std::make_shared<Options>();
  command->add_option("NAME", options->name, kEndpointNameRule)->type_name("NEW")->required();
  command->add_option("--url", options->url, "what its agents dial, if not edged's poll.url")
      ->type_name("URL");
  command
      ->add_option("--expires", options->token.expires,
                   "the token dies if nobody has joined by then; or never (default 24h)")
      ->type_name("DURATION");
  command->add_flag("--if-absent", options->if_absent, "succeed when the endpoint exists already");
  command->add_flag("--show-token", options->token.show_token,
                    "print the token even when stdout is no terminal");
  choose(*command, chosen, options, run);
}

}  // namespace edge::edgectl
