// edgectl endpoint create
#include "base/ids.hpp"
#include "control/json_fields.hpp"
#include "control/output.hpp"
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"
#include "edgectl/create_many.hpp"
#include "edgectl/join_line.hpp"
#include "edgectl/label_words.hpp"

namespace edge::edgectl {
namespace {

struct Options {
  std::optional<std::string> name;
  ManyOptions many;  // with what one has, too
};

Result<int> show_existing(Context& context, const std::string& name) {
  const auto endpoint = context.api.get(control::endpoint_path(name));
  if (!endpoint) return endpoint.error();
  if (context.structured())
    return context.print({{"apiVersion", control::text_at(*endpoint, "apiVersion")},
                          {"created", false},
                          {"endpoint", *endpoint}});
  if (context.options.quiet) {
    context.world.out << control::text_at(*endpoint, "id") << '\n';
  } else {
    context.world.out << "endpoint " << name << " exists already\n";
  }
  return 0;
}

Result<int> run(Context& context, const Options& options) {
  auto many = options.many;
  const bool is_many = many.count != 0 || !many.prefix.empty();
  if (is_many == options.name.has_value()) {
    return fail(
        Errc::usage,
        is_many ? "NAME makes one endpoint, --count and --prefix make many" : "NAME is missing",
        "edgectl endpoint create shop-17, or edgectl endpoint create --count 100 --prefix "
        "till -o json");
  }
  const auto checked = check_expires(many.token.expires);
  if (!checked) return checked.error();
  auto labels = parse_labels(many.label_words);
  if (!labels) return labels.error();
  many.labels = std::move(*labels);
  if (is_many) return create_many(context, many);
  const auto& name = *options.name;
  if (!is_endpoint_name(name)) {
    return fail(Errc::usage, "'" + name + "' is no endpoint name: " + kEndpointNameRule);
  }
  nlohmann::json body{{"name", name}};
  if (!many.url.empty()) body["url"] = many.url;
  if (!many.token.expires.empty()) body["expires"] = many.token.expires;
  if (!many.labels.empty()) body["labels"] = many.labels;
  const auto answer = context.api.post("/v1/endpoints", body);
  if (!answer && answer.error().code == Errc::conflict && many.if_absent) {
    return show_existing(context, name);
  }
  if (!answer) return answer.error();
  return print_join_line(context, *answer, "created endpoint", many.token);
}

}  // namespace

void add_endpoint_create(CLI::App& noun, Run& chosen) {
  auto* command =
      noun.add_subcommand("create", "make an endpoint, or many, and print the join line");
  command->footer(
      "edgectl endpoint create shop-17\n"
      "edgectl endpoint create shop-17 -l site=berlin,tier=prod\twith labels\n"
      "edgectl endpoint create shop-17 --expires never\tpre-staged agents\n"
      "edgectl endpoint create shop-17 --if-absent\tsafe to repeat\n"
      "edgectl endpoint create shop-17 -o json | jq -r .token\tfor programs\n"
      "edgectl endpoint create --count 99 --prefix till -o json\tmany at once\n");
  auto options = std::make_shared<Options>();
  command->add_option("NAME", options->name, kEndpointNameRule)->type_name("NEW");
  auto& many = options->many;
  command->add_option("--count", many.count, "make so many, all or none (at most 20000)")
      ->type_name("N")
      ->check(CLI::Range(1, 20'000).description(""));
  command->add_option("--prefix", many.prefix, "of their names: till makes till-00001 and so on")
      ->type_name("TEXT");
  command->add_option("--start", many.start, "the first number (default 1)")
      ->type_name("N")
      ->check(CLI::Range(0, 9'999'999).description(""));
  add_label_flag(*command, many.label_words);
  command->add_option("--url", many.url, "what its agents dial, if not edged's poll.url")
      ->type_name("URL");
  command
      ->add_option("--expires", many.token.expires,
                   "the token dies if nobody has joined by then; or never (default 24h)")
      ->type_name("DURATION");
  command->add_flag("--if-absent", many.if_absent,
                    "succeed when the endpoint exists already; of many, make those that do not");
  command->add_flag("--show-token", many.token.show_token,
                    "print the token even when stdout is no terminal; of many, always needed");
  choose(*command, chosen, options, run);
}

}  // namespace edge::edgectl
