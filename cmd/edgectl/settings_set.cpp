// edgectl settings set, edgectl settings unset
#include "base/text.hpp"
#include "control/json_fields.hpp"
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"
#include "edgectl/settings_answer.hpp"
#include "edgectl/target_flags.hpp"

namespace edge::edgectl {
namespace {

struct Options {
  std::string key;
  std::optional<std::string> value;  // nothing: unset
  std::string endpoint;
  std::string for_a_while;
  control::TargetChoice choice;
  bool dry_run = false;
};

std::string what_of(const Options& options) {
  return (options.value ? "set " : "unset ") + options.key +
         (options.value ? " to " + *options.value : std::string()) +
         (options.for_a_while.empty() ? std::string() : " for " + options.for_a_while);
}

nlohmann::json value_of(const Options& options) {
  if (!options.value) return nullptr;
  if (options.for_a_while.empty()) return *options.value;
  return {{"value", *options.value}, {"for", options.for_a_while}};
}

Result<int> change_many(Context& context, const std::vector<control::Target>& targets,
                        const Options& options) {
  nlohmann::json body{{"endpoints", nlohmann::json::array()},
                      {"settings", nlohmann::json::object()}};
  for (const auto& target : targets) body["endpoints"].push_back(target.id);
  body["settings"][options.key] = value_of(options);
  const auto answer = context.api.patch("/v1/targets/settings", body);
  if (!answer) return answer.error();
  if (context.structured()) return context.print(*answer);
  if (context.names_only()) {
    for (const auto& item : control::list_at(*answer, "items")) {
      context.world.out << printable(control::text_at(item, "name")) << '\n';
    }
    return 0;
  }
  context.world.out << options.key << " is "
                    << (options.value ? printable(*options.value)
                                      : std::string("as for all endpoints again"))
                    << " for " << control::list_at(*answer, "items").size() << " endpoints"
                    << (options.for_a_while.empty() ? "" : ", for " + options.for_a_while) << '\n';
  return 0;
}

// Without names and selector the setting is that of all endpoints, those to come included.
Result<int> run(Context& context, const Options& options) {
  auto choice = options.choice;
  if (!options.endpoint.empty()) choice.names.push_back(options.endpoint);
  if (choice.empty()) return change_setting(context, "", options.key, value_of(options));
  const bool is_one = choice.names.size() == 1 && choice.names.front() != "-";
  if (is_one && choice.selector.empty() && !options.dry_run) {
    return change_setting(context, choice.names.front(), options.key, value_of(options));
  }
  const auto targets = find_targets(context, choice);
  if (!targets) return targets.error();
  const auto agreed =
      agree_to_many(context, *targets, what_of(options),
                    std::string("edgectl settings ") + (options.value ? "set" : "unset") + " " +
                        options.key + (options.value ? " " + *options.value : "") + " ...",
                    options.dry_run);
  if (!agreed) return agreed.error();
  if (*agreed == Agreed::only_listed) return 0;
  return change_many(context, *targets, options);
}

void add_whose(CLI::App& command, Options& options) {
  add_target_flags(command, options.choice);
  command.add_option("--endpoint", options.endpoint, "for this endpoint alone, as NAME")
      ->type_name("ENDPOINT");
  command.add_flag("--dry-run", options.dry_run, "list the endpoints, and change nothing");
}

void add_key(CLI::App& command, Options& options) {
  command.add_option("KEY", options.key, "see edgectl settings show")->type_name("KEY")->required();
}

}  // namespace

void add_settings_set(CLI::App& noun, Run& chosen) {
  auto* command = noun.add_subcommand(
      "set",
      "change a setting, for all endpoints, for one or for several\n\n"
      "With --for it holds for a while, and then falls back by itself to what is set below it: "
      "also "
      "when edged is started anew meanwhile. Setting the key anew ends that, and unset takes it "
      "back alone.");
  command->footer(
      "edgectl settings set check-in.interval 30s\tfor all\n"
      "edgectl settings set check-in.interval 5s shop-17 shop-18\tfor some; asks first\n"
      "edgectl settings set check-in.interval 5s -l site=berlin --dry-run\tfor whom?\n"
      "edgectl settings set check-in.interval 5s shop-17 --for 15m\tthen as before\n"
      "edgectl settings set session.bandwidth 10M\t10 MB/s for the sessions of each endpoint\n"
      "edgectl settings set check-in.hold off\tplain polling\n");
  auto options = std::make_shared<Options>();
  add_key(*command, *options);
  command
      ->add_option("VALUE", options->value,
                   "durations are 250ms, 5s, 2m, 24h; rates 500K, 10M, 80Mbit")
      ->type_name("VALUE")
      ->required();
  command->add_option("--for", options->for_a_while, "for this long, then as before; at most 30d")
      ->type_name("DURATION");
  add_whose(*command, *options);
  choose(*command, chosen, options, run);
}

void add_settings_unset(CLI::App& noun, Run& chosen) {
  auto* command = noun.add_subcommand(
      "unset",
      "take a change back\n\n"
      "What holds for a while (set --for) ends, and what was set before holds again; that is taken "
      "back by a second unset.");
  command->footer(
      "edgectl settings unset check-in.interval\tback to the default\n"
      "edgectl settings unset check-in.interval -l site=berlin\tas for all endpoints\n");
  auto options = std::make_shared<Options>();
  add_key(*command, *options);
  add_whose(*command, *options);
  choose(*command, chosen, options, run);
}

}  // namespace edge::edgectl
