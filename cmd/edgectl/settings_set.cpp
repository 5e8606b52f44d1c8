// edgectl settings set, edgectl settings unset
#include "edgectl/choose.hpp"
#include "edgectl/commands.hpp"
#include "edgectl/settings_answer.hpp"

namespace edge::edgectl {
namespace {

struct SetOptions {
  std::string key;
  std::string value;
  std::string endpoint;
};

struct UnsetOptions {
  std::string key;
  std::string endpoint;
};

Result<int> run_set(Context& context, const SetOptions& options) {
  return change_setting(context, options.endpoint, options.key, options.value);
}

Result<int> run_unset(Context& context, const UnsetOptions& options) {
  return change_setting(context, options.endpoint, options.key, nullptr);
}

}  // namespace

void add_settings_set(CLI::App& noun, Run& chosen) {
  auto* command = noun.add_subcommand("set", "change a setting, for all endpoints or for one");
  command->footer(
      "edgectl settings set check-in.interval 30s\tfor all\n"
      "edgectl settings set check-in.interval 5s --endpoint shop-17\n"
      "edgectl settings set check-in.hold off\tplain polling\n");
  auto options = std::make_shared<SetOptions>();
  command->add_option("KEY", options->key, "see edgectl settings show")
      ->type_name("KEY")
      ->required();
  command->add_option("VALUE", options->value, "durations are 250ms, 5s, 2m, 24h")
      ->type_name("VALUE")
      ->required();
  command->add_option("--endpoint", options->endpoint, "for this endpoint alone")
      ->type_name("ENDPOINT");
  choose(*command, chosen, options, run_set);
}

void add_settings_unset(CLI::App& noun, Run& chosen) {
  auto* command = noun.add_subcommand("unset", "take a change back");
  command->footer(
      "edgectl settings unset check-in.interval\tback to the default\n"
      "edgectl settings unset check-in.interval --endpoint shop-17\tas for all endpoints\n");
  auto options = std::make_shared<UnsetOptions>();
  command->add_option("KEY", options->key, "see edgectl settings show")
      ->type_name("KEY")
      ->required();
  command->add_option("--endpoint", options->endpoint, "for this endpoint alone")
      ->type_name("ENDPOINT");
  choose(*command, chosen, options, run_unset);
}

}  // namespace edge::edgectl
