// edgectl endpoint token
#include "control/json_fields.hpp"
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"
#include "edgectl/confirm.hpp"
#include "edgectl/join_line.hpp"

namespace edge::edgectl {
namespace {

struct Options {
  std::string name;
  TokenOptions token;
};

Result<int> run(Context& context, const Options& options) {
  const auto checked = check_expires(options.token.expires);
  if (!checked) return checked.error();
  const auto endpoint = context.api.get(control::endpoint_path(options.name));
  if (!endpoint) return endpoint.error();
  if (control::is_true_at(*endpoint, "associated")) {
    const auto agreed = agree(context,
                              options.name +
                                  " is in use: with a new token its agents must join again."
                                  " Make one?",
                              "edgectl endpoint token " + options.name);
    if (!agreed) return agreed.error();
  }
  nlohmann::json body = nlohmann::json::object();
  if (!options.token.expires.empty()) body["expires"] = options.token.expires;
  const auto answer = context.api.post(control::endpoint_path(options.name, "/token"), body);
  if (!answer) return answer.error();
  return print_join_line(context, *answer, "new token for endpoint", options.token);
}

}  // namespace

void add_endpoint_token(CLI::App& noun, Run& chosen) {
  auto* command = noun.add_subcommand(
      "token",
      "make a new join token; the old one dies\n\n"
      "Agents that joined with the old token are refused until they join again, so this asks first "
      "when there are any (--yes does not).");
  command->footer(
      "edgectl endpoint token shop-17\n"
      "edgectl endpoint token shop-17 --yes --show-token\tfrom a script\n");
  auto options = std::make_shared<Options>();
  add_endpoint_name(*command, options->name);
  command
      ->add_option("--expires", options->token.expires,
                   "the token dies if nobody has joined by then; or never (default 24h)")
      ->type_name("DURATION");
  command->add_flag("--show-token", options->token.show_token,
                    "print the token even when stdout is no terminal");
  choose(*command, chosen, options, run);
}

}  // namespace edge::edgectl
